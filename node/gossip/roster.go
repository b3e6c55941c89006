package gossip

import (
	"sync"
	"time"

	"github.com/sheafdocs/sheaf/node/wire"
)

// roster remembers who may take part in a topic. Gossipsub asks all the time,
// from the one goroutine that moves every message, so the answer must never
// wait for the Document: it is the last one known, and the topic's worker is
// told to ask the Document again when it is older than rosterTime.
type roster struct {
	ask chan wire.Device // for the worker

	mu       sync.Mutex
	m        map[wire.Device]standing
	expelled map[wire.Device]bool // allowed once, and not since
}

// standing is what is known of one device.
type standing struct {
	allowed bool
	known   bool
	asked   bool // the worker has been told
	at      time.Time
}

const (
	rosterTime = time.Second
	maxRoster  = 1 << 12 // devices; above it, all are asked for anew
)

func newRoster() *roster {
	return &roster{ask: make(chan wire.Device, 256), m: map[wire.Device]standing{}, expelled: map[wire.Device]bool{}}
}

// get returns what is known of a device.
func (r *roster) get(d wire.Device) standing {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.m[d]
	if s.asked || s.known && now.Sub(s.at) < rosterTime {
		return s
	}
	if len(r.m) >= maxRoster {
		clear(r.m)
	}
	select {
	case r.ask <- d:
		s.asked = true
	default:
	}
	r.m[d] = s
	return s
}

// set notes the Document's answer.
func (r *roster) set(d wire.Device, allowed bool) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.m[d] = standing{allowed: allowed, known: true, at: now}
}

// known lists the devices that were asked about.
func (r *roster) known() []wire.Device {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]wire.Device, 0, len(r.m)+len(r.expelled))
	for d := range r.m {
		list = append(list, d)
	}
	for d := range r.expelled {
		if _, listed := r.m[d]; !listed {
			list = append(list, d)
		}
	}
	return list
}

// review notes the Document's answer and reports whether the device has ceased
// to be allowed, or is again: then it has to announce itself anew, or must not.
func (r *roster) review(d wire.Device, allowed bool) (turned bool) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	was := r.m[d]
	r.m[d] = standing{allowed: allowed, known: true, at: now}
	switch {
	case was.allowed && !allowed && !r.expelled[d] && len(r.expelled) < maxRoster:
		r.expelled[d] = true
		return true
	case allowed && r.expelled[d]:
		delete(r.expelled, d)
		return true
	}
	return false
}

func (r *roster) isExpelled(d wire.Device) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.expelled[d]
}
