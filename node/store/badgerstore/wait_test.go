//go:build !js

package badgerstore_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/store/storetest"
)

// eventually waits for what happens by itself, and fails if it does not.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !f() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// logging writes the log in the background until it is stopped, goes on after
// errors, and counts what was acknowledged.
type logging struct {
	cancel context.CancelFunc
	wg     sync.WaitGroup
	mu     sync.Mutex
	acked  []int
	errs   map[string]int
}

func startLogging(t *testing.T, s store.Store) *logging {
	ctx, cancel := context.WithCancel(context.Background())
	l := &logging{cancel: cancel, acked: make([]int, logWorkers), errs: map[string]int{}}
	l.wg.Add(1)
	go func() {
		defer l.wg.Done()
		for ctx.Err() == nil {
			err := storetest.WriteLog(ctx, s, logWorkers, func(w, n int) {
				l.mu.Lock()
				defer l.mu.Unlock()
				l.acked[w] = max(l.acked[w], n+1)
			})
			if err != nil {
				l.mu.Lock()
				l.errs[err.Error()]++
				l.mu.Unlock()
			}
		}
	}()
	t.Cleanup(l.stop)
	return l
}

func (l *logging) stop() {
	l.cancel()
	l.wg.Wait()
}

func (l *logging) total() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, a := range l.acked {
		n += a
	}
	return n
}
