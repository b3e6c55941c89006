package api_test

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/node/api"
)

// follow begins to follow a server's events; reader takes them from then on.
func follow(t *testing.T, s *api.Server, reader func(kind string, raw []byte)) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	begun, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		first := true
		_ = s.Events(ctx, func(raw []byte) error {
			if first {
				first = false
				close(begun)
			}
			var e struct{ Type string }
			if err := json.Unmarshal(raw, &e); err != nil {
				return err
			}
			reader(e.Type, raw)
			return nil
		})
	}()
	<-begun
	return func() { cancel(); <-done }
}

// TestWhoFallsBehindLooksAtEverythingAgain: a page that reads slowly while much
// changes still hears that something was said.
func TestWhoFallsBehindLooksAtEverythingAgain(t *testing.T) {
	c := newCaller(t)
	var doc api.Document
	c.ask("documents.create", ask{"title": "Plan"}, &doc)
	slow, heard := make(chan struct{}), make(chan string, 1<<12)
	defer follow(t, c.s, func(kind string, raw []byte) {
		<-slow
		heard <- kind
	})()
	anchor := ask{"from": "AAEC", "to": "AAED"}
	if code := c.ask("comments.add", ask{"id": doc.ID, "anchor": anchor, "quote": "q", "text": "why?"}, nil); code != "" {
		t.Fatal(code)
	}
	for i := range 200 {
		c.ask("network.set", ask{"offline": i%2 == 0}, nil)
	}
	close(slow)
	for limit := time.After(5 * time.Second); ; {
		select {
		case kind := <-heard:
			if kind == "comments" {
				return
			}
		case <-limit:
			t.Fatal("the page does not hear of the comment")
		}
	}
}

// health is what a store says of itself.
type health struct{ state atomic.Value }

func (h *health) Health() (state, message string) { return h.state.Load().(string), "" }

// TestTheLastStatusToldIsTheLastThereWas: what the store says changes without a
// word, also just after a status was told for another reason.
func TestTheLastStatusToldIsTheLastThereWas(t *testing.T) {
	c, h := newCaller(t), &health{}
	h.state.Store("ok")
	c.s = api.New(api.Config{Node: c.n, Store: h})
	told := make(chan string, 16)
	defer follow(t, c.s, func(kind string, raw []byte) {
		var e struct{ Status api.Status }
		if kind == "status" && json.Unmarshal(raw, &e) == nil {
			told <- e.Status.Store.State
		}
	})()
	h.state.Store("full")
	c.ask("network.set", ask{"offline": false}, nil)
	last := <-told
	for last != "full" {
		last = <-told
	}
	h.state.Store("ok")
	for limit := time.After(10 * time.Second); last != "ok"; {
		select {
		case last = <-told:
		case <-limit:
			t.Fatal("the store works again, and the page is not told")
		}
	}
}
