package main

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	firstRetry = 500 * time.Millisecond
	lastRetry  = 60 * time.Second
)

type task struct {
	record   *kgo.Record
	lane     string
	payload  []byte
	attempts int
}

// lanes keeps the order of each contact: a lane has at most one task in `ready`, in flight or waiting for its retry.
type lanes struct {
	target  *target
	settled func(*task)
	ready   chan *task
	lock    sync.Mutex
	waiting map[string][]*task // by lane; an empty list: its only task is under way
}

func newLanes(target *target, buffered int, settled func(*task)) *lanes {
	return &lanes{target: target, settled: settled, ready: make(chan *task, buffered), waiting: map[string][]*task{}}
}

func (l *lanes) add(task *task) {
	l.lock.Lock()
	others, busy := l.waiting[task.lane]
	if busy {
		l.waiting[task.lane] = append(others, task)
	} else {
		l.waiting[task.lane] = nil
	}
	l.lock.Unlock()
	if !busy {
		l.ready <- task
	}
}

// deliver sends one task after the other until `stop` is done.
func (l *lanes) deliver(stop context.Context) {
	for {
		select {
		case <-stop.Done():
			return
		case task := <-l.ready:
			l.attempt(task)
		}
	}
}

func (l *lanes) attempt(task *task) {
	answer, retryAfter := l.target.post(task.payload)
	if answer == again {
		time.AfterFunc(max(delay(task.attempts), retryAfter), func() { l.ready <- task })
		task.attempts++
		return
	}
	l.settled(task)
	l.lock.Lock()
	others := l.waiting[task.lane]
	if len(others) == 0 {
		delete(l.waiting, task.lane)
	} else {
		l.waiting[task.lane] = others[1:]
	}
	l.lock.Unlock()
	if len(others) > 0 {
		l.ready <- others[0]
	}
}

// delay is exponential, with full jitter.
func delay(attempts int) time.Duration {
	most := min(firstRetry<<min(attempts, 10), lastRetry)
	return rand.N(most)
}
