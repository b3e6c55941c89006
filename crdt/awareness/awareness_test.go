package awareness

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

var start = time.Unix(1_700_000_000, 0)

// say returns an update with one entry; state "null" is a departure.
func say(client, clock uint64, state string) []byte {
	e := Entry{Client: client, Clock: clock, State: []byte(state)}
	if state == "null" {
		e.State = nil
	}
	return AppendUpdate(nil, e)
}

func apply(t *testing.T, s *States, update []byte, now time.Time) Change {
	t.Helper()
	c, err := s.Apply(update, now)
	if err != nil {
		t.Fatalf("Apply(%x): %v", update, err)
	}
	return c
}

func checkState(t *testing.T, s *States, client uint64, want string) {
	t.Helper()
	state, ok := s.State(client)
	if got := string(state); got != want || ok != (want != "") {
		t.Errorf("state of client %d is %q, want %q", client, got, want)
	}
}

func checkChange(t *testing.T, got, want Change) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("change is %+v, want %+v", got, want)
	}
}

func TestHigherClockWins(t *testing.T) {
	s := New(Config{})
	checkChange(t, apply(t, s, say(7, 2, `{"a":1}`), start), Change{Added: []uint64{7}})
	checkChange(t, apply(t, s, say(7, 1, `{"a":0}`), start), Change{})
	checkChange(t, apply(t, s, say(7, 2, `{"a":0}`), start), Change{})
	checkState(t, s, 7, `{"a":1}`)
	checkChange(t, apply(t, s, say(7, 3, `{ "a": 1 }`), start), Change{Updated: []uint64{7}})
	checkChange(t, apply(t, s, say(7, 4, `{"a":2}`), start), Change{Updated: []uint64{7}, Changed: []uint64{7}})
	checkState(t, s, 7, `{"a":2}`)
}

func TestDepartureWinsAtEqualClock(t *testing.T) {
	s := New(Config{})
	apply(t, s, say(7, 2, `{}`), start)
	checkChange(t, apply(t, s, say(7, 2, `null`), start), Change{Removed: []uint64{7}})
	checkChange(t, apply(t, s, say(7, 2, `{}`), start), Change{})
	checkState(t, s, 7, "")
	checkChange(t, apply(t, s, say(7, 3, `{}`), start), Change{Updated: []uint64{7}, Changed: []uint64{7}})
	checkState(t, s, 7, "{}")
}

func TestOwnStateIsDefended(t *testing.T) {
	s := New(Config{Client: 9})
	if _, err := s.SetLocal([]byte(`{"name":"Ada"}`), start); err != nil {
		t.Fatal(err)
	}
	checkChange(t, apply(t, s, say(9, 5, "null"), start), Change{Updated: []uint64{9}})
	checkState(t, s, 9, `{"name":"Ada"}`)
	if clock, _ := s.Clock(9); clock != 6 {
		t.Errorf("clock is %d, want 6", clock)
	}
	other := New(Config{})
	apply(t, other, say(9, 5, "null"), start)
	apply(t, other, s.Encode(9), start)
	checkState(t, other, 9, `{"name":"Ada"}`)
}

func TestNoOwnClientMeansNobodyIsDefended(t *testing.T) {
	s := New(Config{})
	apply(t, s, say(0, 2, `{}`), start)
	apply(t, s, say(0, 2, `null`), start)
	checkState(t, s, 0, "")
	if _, err := s.SetLocal([]byte("{}"), start); !errors.Is(err, ErrNoClient) {
		t.Errorf("SetLocal without a client: %v", err)
	}
}

func TestTick(t *testing.T) {
	s := New(Config{Client: 1})
	if _, err := s.SetLocal([]byte("{}"), start); err != nil {
		t.Fatal(err)
	}
	apply(t, s, say(2, 1, "{}"), start)
	apply(t, s, say(3, 1, "{}"), start.Add(20*time.Second))
	checkChange(t, s.Tick(start.Add(RenewAfter-1)), Change{})
	checkChange(t, s.Tick(start.Add(RenewAfter)), Change{Updated: []uint64{1}})
	checkChange(t, s.Tick(start.Add(DropAfter)), Change{Updated: []uint64{1}, Removed: []uint64{2}})
	if got := s.Clients(); !reflect.DeepEqual(got, []uint64{1, 3}) {
		t.Errorf("clients are %v", got)
	}
}

func TestLeaving(t *testing.T) {
	s := New(Config{Client: 1})
	s.SetLocal([]byte("{}"), start)
	checkChange(t, s.Remove(start, 1, 2), Change{Removed: []uint64{1}})
	if clock, _ := s.Clock(1); clock != 1 {
		t.Errorf("clock is %d, want 1", clock)
	}
	if got, want := s.Encode(1, 2), say(1, 1, "null"); string(got) != string(want) {
		t.Errorf("encoded %x, want %x", got, want)
	}
}

func TestMalformedChangesNothing(t *testing.T) {
	good := say(1, 1, "{}")
	for name, update := range map[string][]byte{
		"empty":         {},
		"count":         {5, 1, 1, 2, '{', '}'},
		"truncated":     good[:len(good)-1],
		"trailing":      append(say(1, 1, "{}"), 0),
		"not JSON":      say(1, 1, "{"),
		"not an object": say(1, 1, "5"),
		"not UTF-8":     say(1, 1, "{\"\xff\":1}"),
		"clock":         say(1, 1<<53-1, "{}"),
		"second entry":  append([]byte{2}, append(say(1, 1, "{}")[1:], say(2, 1, "{")[1:]...)...),
	} {
		s := New(Config{})
		if _, err := s.Apply(update, start); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: error is %v", name, err)
		}
		if len(s.Clients()) > 0 {
			t.Errorf("%s: clients are %v", name, s.Clients())
		}
	}
}

func TestLimits(t *testing.T) {
	s := New(Config{MaxClients: 2, MaxStateBytes: 20})
	if _, err := s.Apply(say(1, 1, `{"a":"`+strings.Repeat("x", 20)+`"}`), start); !errors.Is(err, ErrTooLarge) {
		t.Errorf("large state: %v", err)
	}
	if _, err := s.Apply(make([]byte, MaxUpdateBytes+1), start); !errors.Is(err, ErrTooLarge) {
		t.Errorf("large update: %v", err)
	}
	apply(t, s, say(1, 1, "{}"), start)
	apply(t, s, say(2, 1, "{}"), start)
	if _, err := s.Apply(say(3, 1, "{}"), start); !errors.Is(err, ErrTooMany) {
		t.Errorf("third client: %v", err)
	}
	// Who departed makes room.
	s.Remove(start, 1)
	apply(t, s, say(3, 1, "{}"), start)
	if got := s.Clients(); !reflect.DeepEqual(got, []uint64{2, 3}) {
		t.Errorf("clients are %v", got)
	}
	if _, ok := s.Clock(1); ok {
		t.Error("client 1 is still remembered")
	}
}

// TestMemoryIsBounded lets a stream of clients come and go.
func TestMemoryIsBounded(t *testing.T) {
	s := New(Config{MaxClients: 10})
	for i := range uint64(1000) {
		now := start.Add(time.Duration(i) * time.Second)
		apply(t, s, say(i, 1, "{}"), now)
		apply(t, s, say(i, 1, "null"), now)
		if len(s.clients) > 10 || s.departed != len(s.clients) {
			t.Fatalf("%d clients, %d departed", len(s.clients), s.departed)
		}
	}
}

func FuzzApply(f *testing.F) {
	f.Add([]byte{})
	f.Add(say(1, 1, `{"user":{"name":"Ada","color":"#123456"},"cursor":null}`))
	f.Add(say(1, 1, "null"))
	f.Add(append([]byte{2}, append(say(1, 1, "{}")[1:], say(2, 1, `{"a":[1,-0,1e400,"\ud800"]}`)[1:]...)...))
	f.Fuzz(func(t *testing.T, update []byte) {
		s := New(Config{Client: 1, MaxClients: 20})
		s.SetLocal([]byte(`{"me":true}`), start)
		c, err := s.Apply(update, start)
		if err != nil {
			if !c.IsZero() || len(s.Clients()) != 1 {
				t.Fatalf("failed with %v but changed %+v", err, c)
			}
			return
		}
		if _, ok := s.State(1); !ok {
			t.Fatal("the own state is gone")
		}
		// What we send on says the same to others.
		other := New(Config{})
		if _, err := other.Apply(s.Encode(c.Clients()...), start); err != nil {
			t.Fatalf("own encoding is refused: %v", err)
		}
		for _, id := range c.Clients() {
			clock, _ := s.Clock(id)
			if clock > 0 && stateOf(other, id) != stateOf(s, id) {
				t.Fatalf("client %d is %q here and %q there", id, stateOf(s, id), stateOf(other, id))
			}
		}
	})
}

func stateOf(s *States, id uint64) string {
	state, _ := s.State(id)
	return string(state)
}

func Example() {
	here, there := New(Config{Client: 1}), New(Config{Client: 2})
	now := time.Unix(0, 0)
	here.SetLocal([]byte(`{}`), now)
	c, _ := here.SetLocal([]byte(`{"name":"Ada"}`), now)
	there.Apply(here.Encode(c.Clients()...), now)
	state, _ := there.State(1)
	fmt.Println(there.Clients(), string(state))
	// Output: [1] {"name":"Ada"}
}
