package crdt

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// collected is an update of format 1 with so many units of a client, collected as
// garbage.
func collected(client ClientID, units uint64) []byte {
	out := append(lib0.AppendUint([]byte{1, 1}, uint64(client)), 0, 0)
	return append(lib0.AppendUint(out, units), 0)
}

// push edits a document under a client id.
func push(d *Doc, client ClientID, v Value) (err error) {
	d.SetClientID(client)
	d.Transact(nil, func(tx *Txn) { err = d.Array("a").Push(tx, v) })
	return err
}

// TestLimits goes up to each limit and a step beyond it. MaxNesting is in
// TestDeepNesting and TestCloneDeep, MaxTextBytes in TestCloneTooLarge too.
func TestLimits(t *testing.T) {
	apply := func(update []byte) error { return NewDoc(Config{}).ApplyUpdate(update, nil) }
	after := func(clock uint64) error {
		d := NewDoc(Config{})
		if err := d.ApplyUpdate(collected(1, clock), nil); err != nil {
			t.Fatal(err)
		}
		return push(d, 1, Null())
	}
	levels := func(n int) Value {
		v := Null()
		for range n {
			v = ArrayOf(v)
		}
		return v
	}
	json := func(n int) error {
		_, err := ParseJSON([]byte(strings.Repeat("[", n) + "1" + strings.Repeat("]", n)))
		return err
	}
	for _, c := range []struct {
		name           string
		within, beyond error
		want           error // of what is beyond
	}{
		{"MaxClientID writing", push(NewDoc(Config{}), MaxClientID, Null()), push(NewDoc(Config{}), MaxClientID+1, Null()), ErrNoClientID},
		{"MaxClientID read", apply(collected(MaxClientID, 1)), apply(collected(MaxClientID+1, 1)), ErrMalformed},
		{"MaxClock writing", after(MaxClock - maxLocalUnits), after(MaxClock - maxLocalUnits + 1), ErrTooLarge},
		{"MaxClock read", apply(collected(1, MaxClock)), apply(collected(1, MaxClock+1)), ErrMalformed},
		{"MaxValueNesting writing", push(NewDoc(Config{}), 1, levels(MaxValueNesting)), push(NewDoc(Config{}), 1, levels(MaxValueNesting+1)), ErrValue},
		{"MaxValueNesting of JSON", json(MaxValueNesting), json(MaxValueNesting + 1), ErrMalformed},
	} {
		if c.within != nil {
			t.Errorf("%s: within: %v", c.name, c.within)
		}
		if !errors.Is(c.beyond, c.want) {
			t.Errorf("%s: beyond: %v, want %v", c.name, c.beyond, c.want)
		}
	}
}

// TestFormatV2Limits finds where an update of format 2 stands for too much.
func TestFormatV2Limits(t *testing.T) {
	structs := func(n int) []byte {
		return assemble(map[int][]byte{clientColumn: {1}, infoColumn: {0}, lengthColumn: run(1, uint64(n))},
			join([]byte{1}, lib0.AppendUint(nil, uint64(n)), []byte{0, 0})...)
	}
	key := bytes.Repeat([]byte{'k'}, 100)
	marks := func(n int) []byte { // the first writes its key, the others name it
		count := lib0.AppendUint(nil, uint64(n)) // of runs, more than are used
		return assemble(map[int][]byte{
			keyClockColumn: join([]byte{0, 1}, count), clientColumn: run(1, uint64(2*n)), leftClockColumn: join([]byte{0, 3}, count),
			infoColumn: {6, 0, 0x86}, parentInfoColumn: {1},
			stringColumn: join(lib0.AppendBytes(nil, append([]byte{'a'}, key...)), []byte{1}, lib0.AppendInt(nil, uint64(len(key)), false)),
		}, join([]byte{1}, count, []byte{0}, bytes.Repeat([]byte{126}, n), []byte{0})...)
	}
	for name, c := range map[string]struct {
		update func(n int) []byte
		fits   func(n, size int) bool
	}{
		"structs": {structs, func(n, size int) bool { return n <= FormatV2FreeStructs+FormatV2StructsPerByte*size }},
		"keys":    {marks, func(n, size int) bool { return (n-1)*len(key) <= FormatV2FreeKeyBytes+FormatV2KeyBytesPerByte*size }},
	} {
		most := 2 // that fits: doubled, then halved
		step := 1
		for fits := func(n int) bool { return c.fits(n, len(c.update(n))) }; step > 0; {
			if fits(most + step) {
				most, step = most+step, 2*step
			} else {
				step /= 2
			}
		}
		for n, want := range map[int]error{most: nil, most + 1: ErrMalformed} {
			if _, err := InspectV2(c.update(n)); !errors.Is(err, want) {
				t.Errorf("%d %s: %v, want %v", n, name, err, want)
			}
		}
	}
}
