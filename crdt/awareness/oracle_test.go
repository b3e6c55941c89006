//go:build !js

package awareness_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/crdt/awareness"
	"github.com/sheafdocs/sheaf/crdt/crdttest/oracle"
)

// presenceStep is one step for an instance, as node/protocols.mjs runs it.
type presenceStep struct {
	Kind    string   `json:"k"`
	To      int      `json:"c"`
	At      int64    `json:"at"` // milliseconds
	State   string   `json:"state"`
	Update  string   `json:"update,omitempty"` // hex
	Clients []uint64 `json:"clients,omitempty"`
}

type presenceRequest struct {
	Do      string         `json:"do"`
	Start   int64          `json:"start"`
	Clients []uint64       `json:"clients"`
	Steps   []presenceStep `json:"steps"`
}

var presenceStates = []string{
	`{}`, `{"user":{"name":"Ada","color":"#30bced"}}`, `{"cursor":{"anchor":{"item":{"client":9007199254740991,"clock":3}}}}`,
	` { "n" : [ 1, -0, 1e400, 0.1e1, "\u00e9\ud83d\ude00\ud800" ] , "n" : null }`, `{"10":1,"9":2,"a":{"b":[{}]}}`, `{"a":{"b":[{}]},"9":2,"10":1}`,
}

// TestOracle runs random presence in y-protocols and here.
func TestOracle(t *testing.T) {
	o, err := oracle.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
	for seed := range uint64(150) {
		checkPresence(t, o, seed)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// checkPresence runs the steps of a seed. What the next update is, depends on
// our own instances, which equal y-protocols' until the first failure.
func checkPresence(t *testing.T, o *oracle.Oracle, seed uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 0))
	q := presenceRequest{Do: "presence", Start: 1e12, Clients: []uint64{5, 1<<53 - 3, 70}}
	at := q.Start
	now := func() time.Time { return time.UnixMilli(at) }
	var all []*awareness.States
	for _, id := range q.Clients {
		s := awareness.New(awareness.Config{Client: id})
		s.SetLocal([]byte("{}"), now()) // as y-protocols' constructor does
		all = append(all, s)
	}
	updates := [][]byte{all[0].Encode(q.Clients...)}
	var want []string
	for range 60 {
		at += r.Int64N(9000)
		step := presenceStep{To: r.IntN(len(all)), At: at}
		s := all[step.To]
		var c awareness.Change
		var err error
		switch r.IntN(8) {
		case 0, 1:
			step.Kind, step.State = "set", presenceStates[r.IntN(len(presenceStates))]
			c, err = s.SetLocal([]byte(step.State), now())
		case 2:
			step.Kind = "set"
			c, err = s.SetLocal(nil, now())
		case 3, 4, 5:
			update := updates[r.IntN(len(updates))]
			if r.IntN(8) == 0 {
				update = awareness.AppendUpdate(nil, awareness.Entry{Client: q.Clients[r.IntN(3)], Clock: r.Uint64N(12)})
			}
			step.Kind, step.Update = "apply", hex.EncodeToString(update)
			c, err = s.Apply(update, now())
		case 6:
			step.Kind, step.Clients = "remove", []uint64{q.Clients[r.IntN(3)]}
			c = s.Remove(now(), step.Clients...)
		case 7:
			step.Kind = "tick"
			for i, other := range all {
				if change := other.Tick(now()); i == step.To {
					c = change
				}
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		q.Steps = append(q.Steps, step)
		updates = append(updates, s.Encode(q.Clients[r.IntN(3)]), s.Encode(c.Clients()...))
		want = append(want, seen(s, c))
	}
	comparePresence(t, o, q, want)
}

// comparePresence runs the steps in y-protocols.
func comparePresence(t *testing.T, o *oracle.Oracle, q presenceRequest, want []string) {
	t.Helper()
	answers, err := o.Ask(q)
	if err != nil {
		t.Fatal(err)
	}
	if len(answers) != len(want) {
		t.Fatalf("%d answers to %d steps: %s", len(answers), len(want), answers[len(answers)-1].Get("error"))
	}
	for i, a := range answers {
		got := fmt.Sprintf("here %s\nstates %x\nchanged %s", a.Get("here"), a.Get("states"), mentioned(a.Get("events")))
		if got != want[i] {
			t.Errorf("step %d, %+v:\nyjs  %s\nours %s", i, q.Steps[i], got, want[i])
			return
		}
	}
}

// seen writes down an instance and the clients that a change names.
func seen(s *awareness.States, c awareness.Change) string {
	known := []uint64{5, 70, 1<<53 - 3}
	known = slices.DeleteFunc(known, func(id uint64) bool { _, ok := s.Clock(id); return !ok })
	clients := c.Clients()
	slices.Sort(clients)
	var states bytes.Buffer
	states.Write(s.Encode(known...))
	return fmt.Sprintf("here %s\nstates %x\nchanged %s", join(s.Clients()), states.Bytes(), join(slices.Compact(clients)))
}

func join(ids []uint64) string {
	parts := make([]string, len(ids))
	for i, id := range ids {
		parts[i] = fmt.Sprint(id)
	}
	return strings.Join(parts, ",")
}

// mentioned returns the clients that y-protocols' "update" events name.
func mentioned(events []byte) string {
	var ids []uint64
	for line := range strings.Lines(string(events)) {
		var added, updated, removed string
		rest, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "update +")
		if !ok {
			continue
		}
		added, rest, _ = strings.Cut(rest, " ~")
		updated, removed, _ = strings.Cut(rest, " -")
		for _, part := range strings.Split(added+","+updated+","+removed, ",") {
			var id uint64
			if n, _ := fmt.Sscan(part, &id); n == 1 {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	return join(slices.Compact(ids))
}
