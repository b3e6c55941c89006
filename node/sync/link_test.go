package sync

import (
	"testing"

	"github.com/libp2p/go-libp2p/core/network"
)

// countedStream is a stream of which only how often it was reset is known.
type countedStream struct {
	network.Stream
	resets int
}

func (s *countedStream) Reset() error { s.resets++; return nil }

// A link's goroutine may take a stream and begin a session on it before offer
// goes on. That session is the newest: the one to end is that on another stream.
func TestOfferEndsOnlyOlderSessions(t *testing.T) {
	l := &link{offers: make(chan network.Stream, 1)}
	offered := func(current func(taken network.Stream) *session) {
		stream := &countedStream{}
		done := make(chan struct{})
		l.mu.Lock()
		go func() { l.offer(stream); close(done) }()
		l.current = current(<-l.offers)
		l.mu.Unlock()
		<-done
	}
	var newest *countedStream
	offered(func(taken network.Stream) *session {
		newest = taken.(*countedStream)
		return newSession(l, taken, nil)
	})
	if newest.resets > 0 {
		t.Error("a session was ended because of its own stream")
	}
	older := l.current
	offered(func(network.Stream) *session { return older })
	if newest.resets == 0 {
		t.Error("a newer stream did not end the session on an older one")
	}
}
