// The Go floor of `make bench`: the least that a consumer of these topics can cost in Go, under the worker's variables.
//
// It keeps what the worker promises about order and commits, and nothing else: no dead letters, no offset map, no
// metrics, no halts.
//
//	floor        consume, deliver, commit
//	floor map    read events from stdin, one a line; write the contacts
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	maxPollRecords  = 500
	commitInterval  = 250 * time.Millisecond
	minimumBuffered = 2000
	perRequest      = 4 // buffered records for each request in flight
)

func main() {
	var err error
	if len(os.Args) > 1 && os.Args[1] == "map" {
		err = mapLines()
	} else {
		err = run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func mapLines() error {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if contact := decide(lines.Bytes()); contact != nil {
			fmt.Printf("%s\n", contact.payload())
		}
	}
	return lines.Err()
}

func run() error {
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer cancel()
	concurrency, err := strconv.Atoi(os.Getenv("DELIVERY_CONCURRENCY"))
	if err != nil {
		return fmt.Errorf("DELIVERY_CONCURRENCY: %w", err)
	}
	target, err := newTarget(concurrency)
	if err != nil {
		return err
	}
	offsets := newOffsets()
	client, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(os.Getenv("KAFKA_BOOTSTRAP_SERVERS"), ",")...),
		kgo.ConsumerGroup(os.Getenv("KAFKA_GROUP_ID")),
		kgo.ConsumeTopics(strings.Split(os.Getenv("KAFKA_TOPIC"), ",")...),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.AutoCommitMarks(),
		kgo.AutoCommitInterval(commitInterval),
		kgo.OnPartitionsRevoked(offsets.revoked),
		kgo.OnPartitionsLost(offsets.lost),
	)
	if err != nil {
		return err
	}
	buffered := make(chan struct{}, max(minimumBuffered, perRequest*concurrency))
	lanes := newLanes(target, cap(buffered), func(task *task) {
		offsets.settle(client, task.record)
		<-buffered
	})
	var workers sync.WaitGroup
	for range concurrency {
		workers.Add(1)
		go func() {
			defer workers.Done()
			lanes.deliver(stop)
		}()
	}
	for stop.Err() == nil {
		poll(stop, client, offsets, lanes, buffered)
	}
	workers.Wait()
	err = client.CommitMarkedOffsets(context.Background())
	client.Close()
	return err
}

func poll(stop context.Context, client *kgo.Client, offsets *offsets, lanes *lanes, buffered chan struct{}) {
	fetches := client.PollRecords(stop, maxPollRecords)
	fetches.EachError(func(topic string, partition int32, err error) {
		if stop.Err() == nil {
			fmt.Fprintf(os.Stderr, "%s[%d]: %v\n", topic, partition, err)
		}
	})
	fetches.EachRecord(func(record *kgo.Record) {
		offsets.track(record)
		contact := decide(record.Value)
		if contact == nil {
			offsets.settle(client, record)
			return
		}
		select {
		case buffered <- struct{}{}:
			lanes.add(&task{record: record, lane: contact.Email + contact.PhoneNumber, payload: contact.payload()})
		case <-stop.Done():
		}
	})
}
