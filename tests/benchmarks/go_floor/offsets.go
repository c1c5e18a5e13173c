package main

import (
	"context"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
)

// offsets knows the unsettled records of each partition, and marks what may be committed: all below the first of them.
type offsets struct {
	lock       sync.Mutex
	partitions map[partition]*pending
}

type partition struct {
	topic  string
	number int32
}

type pending struct {
	records []*kgo.Record // in the order of their offsets, settled ones at the front removed
	settled map[int64]struct{}
}

func newOffsets() *offsets {
	return &offsets{partitions: map[partition]*pending{}}
}

func (o *offsets) track(record *kgo.Record) {
	o.lock.Lock()
	defer o.lock.Unlock()
	key := partition{record.Topic, record.Partition}
	if o.partitions[key] == nil {
		o.partitions[key] = &pending{settled: map[int64]struct{}{}}
	}
	o.partitions[key].records = append(o.partitions[key].records, record)
}

func (o *offsets) settle(client *kgo.Client, record *kgo.Record) {
	o.lock.Lock()
	defer o.lock.Unlock()
	of := o.partitions[partition{record.Topic, record.Partition}]
	if of == nil || len(of.records) == 0 || record.Offset < of.records[0].Offset {
		return // the partition was revoked
	}
	of.settled[record.Offset] = struct{}{}
	var last *kgo.Record
	for len(of.records) > 0 {
		first := of.records[0]
		if _, done := of.settled[first.Offset]; !done {
			break
		}
		delete(of.settled, first.Offset)
		last, of.records[0] = first, nil
		of.records = of.records[1:]
	}
	if last != nil {
		client.MarkCommitRecords(last)
	}
}

func (o *offsets) revoked(ctx context.Context, client *kgo.Client, revoked map[string][]int32) {
	_ = client.CommitMarkedOffsets(ctx)
	o.lost(ctx, client, revoked)
}

func (o *offsets) lost(_ context.Context, _ *kgo.Client, lost map[string][]int32) {
	o.lock.Lock()
	defer o.lock.Unlock()
	for topic, numbers := range lost {
		for _, number := range numbers {
			delete(o.partitions, partition{topic, number})
		}
	}
}
