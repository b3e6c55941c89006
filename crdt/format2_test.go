package crdt

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"runtime"
	"testing"

	"github.com/sheafdocs/sheaf/crdt/internal/codec"
	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
	"github.com/sheafdocs/sheaf/crdt/tracetest"
)

// columns of format 2, in their order.
const (
	keyClockColumn = iota
	clientColumn
	leftClockColumn
	rightClockColumn
	infoColumn
	stringColumn
	parentInfoColumn
	typeRefColumn
	lengthColumn
	numColumns
)

// assemble returns an update of format 2 with the given columns and rest.
func assemble(columns map[int][]byte, rest ...byte) []byte {
	out := []byte{0}
	for i := range numColumns {
		column := columns[i]
		if i == stringColumn && column == nil {
			column = []byte{0} // no text
		}
		out = lib0.AppendBytes(out, column)
	}
	return append(out, rest...)
}

// run returns a value and how often it follows, as the columns of unsigned
// integers have it.
func run(value, count uint64) []byte {
	return lib0.AppendUint(lib0.AppendInt(nil, value, true), count-2)
}

// join puts byte strings together.
func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// TestFormat2Bombs applies short updates whose runs stand for more than any
// memory holds.
func TestFormat2Bombs(t *testing.T) {
	const huge = 1 << 50
	one := []byte{1}
	section := func(structs uint64) []byte { return join(one, lib0.AppendUint(nil, structs), []byte{0}) }
	key := make([]byte, 1<<14)
	for name, update := range map[string][]byte{
		"structs": assemble(map[int][]byte{clientColumn: one, infoColumn: {0}, lengthColumn: run(1, huge)}, section(huge)...),
		"types": assemble(map[int][]byte{
			clientColumn: run(1, huge), infoColumn: {0x87}, leftClockColumn: {1}, typeRefColumn: run(1, huge),
		}, section(huge)...),
		"more structs than bytes allow": assemble(map[int][]byte{clientColumn: one, infoColumn: {0}, lengthColumn: run(1, huge)}, section(1<<18+200)...),
		"clients":                       assemble(map[int][]byte{clientColumn: run(1, huge)}, lib0.AppendUint(nil, huge)...),
		"elements": assemble(map[int][]byte{
			clientColumn: one, infoColumn: {8}, parentInfoColumn: one, stringColumn: {1, 'a', 1}, lengthColumn: lib0.AppendInt(nil, huge, false),
		}, section(1)...),
		"JSON elements": assemble(map[int][]byte{
			clientColumn: one, infoColumn: {2}, parentInfoColumn: one, stringColumn: join([]byte{2, 'a', '1'}, run(1, huge)), lengthColumn: lib0.AppendInt(nil, huge, false),
		}, section(1)...),
		"empty JSON elements": assemble(map[int][]byte{
			clientColumn: one, infoColumn: {2}, parentInfoColumn: one, stringColumn: join([]byte{0}, run(0, huge)), lengthColumn: lib0.AppendInt(nil, huge, false),
		}, section(1)...),
		"text": assemble(map[int][]byte{
			clientColumn: one, infoColumn: {4}, parentInfoColumn: one, stringColumn: join([]byte{1, 'a', 0}, lib0.AppendInt(nil, huge, false)),
		}, section(1)...),
		"one key, named again and again": assemble(map[int][]byte{
			keyClockColumn: {0, 0x01, 0xff, 0xff, 0x07}, clientColumn: run(1, 1<<20), leftClockColumn: join([]byte{0}, []byte{3}, lib0.AppendUint(nil, 1<<20)),
			infoColumn: {6, 0, 0x86}, parentInfoColumn: one, stringColumn: join(lib0.AppendBytes(nil, append([]byte{'a'}, key...)), []byte{1}, lib0.AppendInt(nil, uint64(len(key)), false)),
		}, join(one, lib0.AppendUint(nil, 1<<15), []byte{0}, bytes.Repeat([]byte{126}, 1<<15), []byte{0})...),
		"deletions": assemble(nil, 0, 1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		errs := map[string]error{"apply": NewDoc(Config{}).ApplyUpdateV2(update, nil)}
		_, errs["merge"] = MergeUpdatesV2(update, update)
		_, errs["diff"] = DiffUpdateV2(update, nil)
		_, errs["convert"] = ConvertUpdateToV1(update)
		_, errs["inspect"] = InspectV2(update)
		_, errs["state vector"] = StateVectorFromUpdateV2(update)
		_, errs["obfuscate"] = ObfuscateUpdateV2(update, ObfuscateOptions{})
		_, _, errs["clocks"] = UpdateMetaV2(update)
		runtime.ReadMemStats(&after)
		for call, err := range errs {
			if !errors.Is(err, ErrMalformed) {
				t.Errorf("%s, %s: %v", name, call, err)
			}
		}
		limit := uint64(1<<18 + 1000*len(update))
		if got := after.TotalAlloc - before.TotalAlloc; got > limit {
			t.Errorf("%s: %d bytes allocated for %d bytes, tried eight times", name, got, len(update))
		}
	}
}

// TestFormat2StructsFit applies as many structs as the limit allows.
func TestFormat2StructsFit(t *testing.T) {
	const n = 1 << 18
	update := assemble(map[int][]byte{clientColumn: {1}, infoColumn: {0}, lengthColumn: run(3, n)}, join([]byte{1}, lib0.AppendUint(nil, n), []byte{0, 0})...)
	d := NewDoc(Config{})
	if err := d.ApplyUpdateV2(update, nil); err != nil || d.StateVector()[1] != 3*n {
		t.Errorf("%v, %v", d.StateVector(), err)
	}
	// What waits for more is not limited by how short it is when it is kept.
	deleted := func(clock uint64) []byte { // n deleted units, each after the one before
		return assemble(map[int][]byte{
			clientColumn: run(1, n+1), infoColumn: {0x81}, lengthColumn: run(1, n),
			leftClockColumn: join(lib0.AppendInt(nil, 2*(clock-1), false), []byte{3}, lib0.AppendUint(nil, n-3)),
		}, join([]byte{1}, lib0.AppendUint(nil, n), lib0.AppendUint(nil, clock), []byte{0})...)
	}
	d = NewDoc(Config{})
	first := assemble(map[int][]byte{clientColumn: {1}, infoColumn: {4}, parentInfoColumn: {1}, stringColumn: {2, 'a', 'x', 0x41, 0}}, 1, 1, 0, 0)
	for _, u := range [][]byte{deleted(n + 1), deleted(1), first} {
		if err := d.ApplyUpdateV2(u, nil); err != nil {
			t.Fatal(err)
		}
	}
	if d.HasPending() || d.StateVector()[1] != 2*n+1 {
		t.Errorf("%v, pending %v", d.StateVector(), d.HasPending())
	}
}

// TestFormat2Malformed reads updates that Yjs never writes.
func TestFormat2Malformed(t *testing.T) {
	good := assemble(map[int][]byte{clientColumn: {1}, infoColumn: {4}, parentInfoColumn: {1}, stringColumn: {3, 'a', 'x', 'y', 1, 2}}, 1, 1, 0, 0)
	if err := NewDoc(Config{}).ApplyUpdateV2(good, nil); err != nil {
		t.Fatal(err)
	}
	for i := range good {
		if err := NewDoc(Config{}).ApplyUpdateV2(good[:i], nil); !errors.Is(err, ErrMalformed) {
			t.Errorf("cut after %d bytes: %v", i, err)
		}
	}
	for name, c := range map[string]struct {
		update []byte
		want   error
	}{
		"features":   {append([]byte{1}, good[1:]...), codec.ErrFeature},
		"format 1":   {[]byte{1, 1, 1, 0, 4, 1, 1, 'a', 1, 'x', 0}, codec.ErrFeature},
		"no clients": {assemble(map[int][]byte{infoColumn: {4}}, 1, 1, 0, 0), lib0.ErrUnexpectedEnd},
		"no lengths": {assemble(map[int][]byte{clientColumn: {1}, infoColumn: {0}}, 1, 1, 0, 0), lib0.ErrUnexpectedEnd},
		"no length":  {assemble(map[int][]byte{clientColumn: {1}, infoColumn: {0}, lengthColumn: {0}}, 1, 1, 0, 0), codec.ErrEmpty},
		"type":       {assemble(map[int][]byte{clientColumn: {1}, infoColumn: {7}, parentInfoColumn: {1}, stringColumn: {1, 'a', 1}, typeRefColumn: {7}}, 1, 1, 0, 0), codec.ErrType},
		"clock":      {assemble(map[int][]byte{clientColumn: {1, 2}, infoColumn: {0x84}, leftClockColumn: {0x42}, stringColumn: {1, 'a', 1}}, 1, 1, 5, 0), lib0.ErrIntegerRange},
		"text":       {assemble(map[int][]byte{clientColumn: {1}, infoColumn: {4}, parentInfoColumn: {1}, stringColumn: {2, 'a', 0xff, 1, 1}}, 1, 1, 0, 0), lib0.ErrUTF8},
	} {
		if _, err := InspectV2(c.update); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// TestFormat2KeepsValues sends values through format 2, also while they wait
// for what they build on, that format 1 cannot carry.
func TestFormat2KeepsValues(t *testing.T) {
	embed := lib0.AppendAny(nil, lib0.Array([]lib0.Any{lib0.BigInt(5), lib0.Bytes([]byte{1, 2}), lib0.Number(negativeZero), {}}))
	update := assemble(map[int][]byte{clientColumn: {1}, infoColumn: {5}, parentInfoColumn: {1}, stringColumn: {1, 't', 1}},
		join([]byte{1, 1, 1}, embed, []byte{0})...)
	before := assemble(map[int][]byte{clientColumn: {1}, infoColumn: {4}, parentInfoColumn: {1}, stringColumn: {2, 't', 'x', 0x41, 0}}, 1, 1, 0, 0)
	d := NewDoc(Config{})
	text := d.Text("t")
	for _, u := range [][]byte{update, before} {
		if err := d.ApplyUpdateV2(u, nil); err != nil {
			t.Fatal(err)
		}
	}
	want := ArrayOf(BigInt(5), Bytes([]byte{1, 2}), Number(negativeZero), Undefined())
	delta := text.Delta()
	if got := delta[len(delta)-1].Insert; !got.Equal(want) && !delta[0].Insert.Equal(want) {
		t.Errorf("%v", delta)
	}
	again := NewDoc(Config{})
	if err := again.ApplyUpdateV2(d.EncodeStateAsUpdateV2(nil), nil); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.EncodeStateAsUpdateV2(nil), d.EncodeStateAsUpdateV2(nil)) {
		t.Error("the state changed on the way")
	}
	if err := NewDoc(Config{}).ApplyUpdate(d.EncodeStateAsUpdate(nil), nil); err != nil {
		t.Errorf("in format 1: %v", err)
	}
}

var negativeZero = lib0.NewDecoder([]byte{125, 0x40}).Any().Number()

// TestReplayPaperV2 is TestReplayPaper with format 2.
func TestReplayPaperV2(t *testing.T) {
	tr := tracetest.Load(t, tracetest.Paper)
	d := NewDoc(Config{ClientID: 0xdeadbeef})
	updates := sha256.New()
	d.OnUpdateV2(func(u UpdateEvent) { updates.Write(u.Update) })
	replay(t, d, tr)
	state := d.EncodeStateAsUpdateV2(nil)
	// Both hashes were made by Yjs 13.6.33 under the same client id.
	if got := sha256.Sum256(state); hex.EncodeToString(got[:]) != paperStateV2 {
		t.Errorf("state (%d bytes, %x) is not what Yjs encodes", len(state), got)
	}
	if got := updates.Sum(nil); hex.EncodeToString(got) != paperUpdatesV2 {
		t.Errorf("updates (%x) are not what Yjs emits", got)
	}
	remote := NewDoc(Config{})
	if err := remote.ApplyUpdateV2(state, nil); err != nil {
		t.Fatal(err)
	}
	remote.check(t)
	if remote.Text("text").String() != tr.EndContent {
		t.Error("text differs")
	}
	if v1, err := ConvertUpdateToV1(state); err != nil || !bytes.Equal(v1, d.EncodeStateAsUpdate(nil)) {
		t.Errorf("converted state differs: %v", err)
	}
	if v2, err := ConvertUpdateToV2(d.EncodeStateAsUpdate(nil)); err != nil || !bytes.Equal(v2, state) {
		t.Errorf("converted state differs: %v", err)
	}
}

const (
	paperStateV2   = "03f6962f207360c1253111c8e2bf49ea3aa3d78a2dbe24872b19ac86a4649f58"
	paperUpdatesV2 = "8a55d99ab97103991e9ddce4875e162ee5dc5be76dc38e376c4219d043fa357c"
)
