//go:build !js

package main

import (
	"context"
	"sync"
	"time"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node"
)

// watcher notes when edits show at this node, as a page would see them, and
// when own ones are durable.
type watcher struct {
	ctx     context.Context
	cancel  context.CancelFunc
	wg      sync.WaitGroup
	changed chan struct{} // capacity 1

	mu    sync.Mutex
	agent map[crdt.ClientID]int
	have  []uint64 // clock held of each agent
	news  chan struct{}
	times times
}

// watchDocument follows a session that does not edit.
func watchDocument(s *node.Session, clients []crdt.ClientID) *watcher {
	w := &watcher{
		changed: make(chan struct{}, 1), agent: map[crdt.ClientID]int{}, have: make([]uint64, len(clients)),
		news: make(chan struct{}), times: times{Acked: map[int][]moment{}, Shown: map[int][]moment{}},
	}
	w.ctx, w.cancel = context.WithCancel(context.Background())
	for i, c := range clients {
		w.agent[c] = i
	}
	w.wg.Add(1)
	go func() {
		defer w.wg.Done()
		for {
			e, err := s.Next(w.ctx)
			if err != nil {
				return
			}
			if e.Kind == node.EventUpdate {
				w.note(e.Data)
			}
		}
	}()
	return w
}

// note records what an update brought.
func (w *watcher) note(update []byte) {
	now := time.Now().UnixNano()
	info, err := crdt.Inspect(update)
	if err != nil {
		return
	}
	w.mu.Lock()
	for _, r := range info.Structs {
		if a, ok := w.agent[r.Client]; ok && r.To > w.have[a] {
			w.have[a] = r.To
			w.times.Shown[a] = append(w.times.Shown[a], moment{r.To, now})
		}
	}
	close(w.news)
	w.news = make(chan struct{})
	w.mu.Unlock()
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// await waits until this node holds an agent's edits up to a clock.
func (w *watcher) await(ctx context.Context, agent int, clock uint64) error {
	for {
		w.mu.Lock()
		have, news := w.have[agent], w.news
		w.mu.Unlock()
		if have >= clock {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// stop ends the watching and returns what was noted.
func (w *watcher) stop() *times {
	w.cancel()
	w.wg.Wait()
	return &w.times
}

// acks relates a session's acknowledgements to its clock.
type acks struct {
	w     *watcher
	agent int

	mu      sync.Mutex
	through uint64
	clocks  []uint64 // clock after update n, from 1
	news    chan struct{}
}

// follow notes a session's acknowledgements.
func (w *watcher) follow(a *agent) *acks {
	k := &acks{w: w, agent: a.index, clocks: []uint64{0}, news: make(chan struct{})}
	w.wg.Add(1)
	go func() {
		defer w.wg.Done()
		for {
			e, err := a.session.Next(w.ctx)
			if err != nil {
				return
			}
			if e.Kind == node.EventAck {
				k.acked(e.Through)
			}
		}
	}()
	return k
}

// sent notes the clock after the next update.
func (k *acks) sent(clock uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.clocks = append(k.clocks, clock)
}

func (k *acks) acked(through uint64) {
	now := time.Now().UnixNano()
	k.mu.Lock()
	from := k.through
	k.through = through
	var list []moment
	for n := from + 1; n <= through && n < uint64(len(k.clocks)); n++ {
		list = append(list, moment{k.clocks[n], now})
	}
	close(k.news)
	k.news = make(chan struct{})
	k.mu.Unlock()
	k.w.mu.Lock()
	k.w.times.Acked[k.agent] = append(k.w.times.Acked[k.agent], list...)
	k.w.mu.Unlock()
}

// room waits until few enough updates are not durable yet.
func (k *acks) room(ctx context.Context, number uint64) error {
	if number <= maxUnacked {
		return nil
	}
	return k.wait(ctx, number-maxUnacked)
}

// wait waits until updates up to number are durable.
func (k *acks) wait(ctx context.Context, number uint64) error {
	for {
		k.mu.Lock()
		through, news := k.through, k.news
		k.mu.Unlock()
		if through >= number {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
