package codec

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// builder makes updates of one struct each.
type builder struct{ client, clock uint64 }

func (b *builder) text(s string) []byte {
	st := Struct{ID: ID{b.client, b.clock}, Ref: RefString, Len: uint64(lib0.UTF16LenString(s)), Content: []byte(s)}
	if b.clock == 0 {
		st.Parent, st.Root = ParentRoot, []byte("t")
	} else {
		st.HasOrigin, st.Origin = true, ID{b.client, b.clock - 1}
	}
	b.clock += st.Len
	var w Writer
	w.Struct(&st, 0)
	return w.Finish(nil)
}

func mustMerge(t *testing.T, updates ...[]byte) []byte {
	t.Helper()
	out, err := Merge(t.Context(), V1, updates)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestMergeMany merges more updates than are sorted, in any order, with
// repetitions, and with some of many structs, which take several turns: the
// result is that of merging them in order.
func TestMergeMany(t *testing.T) {
	var updates [][]byte
	for client := range uint64(5) {
		b := builder{client: client + 1}
		for range 40 {
			updates = append(updates, b.text("ab"))
		}
	}
	want := mustMerge(t, updates...)
	const seed = 3
	r := rand.New(rand.NewPCG(seed, 0))
	for range 20 {
		var shuffled [][]byte
		var long [4][][]byte
		for _, u := range updates {
			if i := r.IntN(8); i < len(long) {
				long[i] = append(long[i], u)
			} else {
				shuffled = append(shuffled, u)
			}
		}
		for _, l := range long {
			shuffled = append(shuffled, mustMerge(t, l...))
		}
		for range 50 {
			shuffled = append(shuffled, updates[r.IntN(len(updates))])
		}
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if got := mustMerge(t, shuffled...); !bytes.Equal(got, want) {
			t.Fatalf("got %x, want %x", got, want)
		}
		few := shuffled[:20:20]
		inTwo := mustMerge(t, mustMerge(t, few[:10]...), mustMerge(t, few[10:]...))
		if got := mustMerge(t, few...); !bytes.Equal(got, inTwo) {
			t.Fatalf("merged at once %x, in two %x", got, inTwo)
		}
	}
}

func TestMergeOverlap(t *testing.T) {
	b := builder{client: 1}
	first, second, third := b.text("ab😀"), b.text("cd"), b.text("e")
	whole := mustMerge(t, first, second, third)
	gap := mustMerge(t, first, third)
	r := NewReader(gap)
	var refs []byte
	for r.Next() {
		refs = append(refs, r.Struct.Ref)
	}
	if !bytes.Equal(refs, []byte{RefString, RefSkip, RefString}) {
		t.Errorf("structs %v around a gap", refs)
	}
	if got := mustMerge(t, gap, second); !bytes.Equal(got, whole) {
		t.Errorf("filled gap: %x, want %x", got, whole)
	}
	cut, err := Diff(V1, whole, func(uint64) uint64 { return 3 }) // inside the pair
	if err != nil {
		t.Fatal(err)
	}
	r = NewReader(cut)
	if !r.Next() || string(r.Struct.Content) != lib0.Replacement || r.Struct.Origin != (ID{1, 2}) {
		t.Errorf("cut struct %+v", r.Struct)
	}
	var clocks []uint64
	if err := StateVector(V1, gap, func(_, clock uint64) { clocks = append(clocks, clock) }); err != nil || !slices.Equal(clocks, []uint64{4}) {
		t.Errorf("state %v before a gap, %v", clocks, err)
	}
}

func TestMalformed(t *testing.T) {
	for in, want := range map[string]error{
		"":                             lib0.ErrUnexpectedEnd,
		"00":                           lib0.ErrUnexpectedEnd, // no delete set
		"01010100":                     lib0.ErrUnexpectedEnd,
		"010101000000":                 ErrEmpty, // collected, length 0
		"0101010004010161" + "0000":    ErrEmpty, // empty string
		"010101000b0100":               ErrContent,
		"010101008a0100":               ErrContent, // a skip with an origin
		"0101010007010161" + "0700":    ErrType,
		"01010100c4" + "010001000161":  ErrReference,
		"010101ffffffffffffff0f000200": ErrClock,
		"0101010009010161" + "01677e":  ErrSubdoc,
		"01010100040101610" + "1ff00":  lib0.ErrUTF8,
		"010101000501016101" + "2c00":  lib0.ErrJSON,
	} {
		b, err := hex.DecodeString(in)
		if err != nil {
			t.Fatal(in, err)
		}
		if _, _, err := Scan(V1, b); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", in, err, want)
		}
	}
}

func TestRanges(t *testing.T) {
	r := Ranges{{1, 5, 2}, {9, 0, 1}, {1, 0, 3}, {1, 2, 2}, {1, 7, 1}}
	if got, want := r.Clients(), []uint64{1, 9}; !slices.Equal(got, want) {
		t.Errorf("clients %v", got)
	}
	r = r.Normalize()
	if want := (Ranges{{9, 0, 1}, {1, 0, 4}, {1, 5, 3}}); !slices.Equal(r, want) {
		t.Errorf("%v, want %v", r, want)
	}
	if from, to := r.OfClient(1); from != 1 || to != 3 {
		t.Error(from, to)
	}
	if from, to := r.OfClient(4); from != to {
		t.Error(from, to)
	}
	if got := hex.EncodeToString(r.Append(nil)); got != "020901000101020004"+"0503" {
		t.Error(got)
	}
}

func FuzzScan(f *testing.F) {
	b := builder{client: 1}
	f.Add(b.text("héllo"))
	f.Add(b.text("x"))
	f.Fuzz(func(t *testing.T, update []byte) {
		_, deletes, err := Scan(V1, update)
		r := NewReader(update)
		var w Writer
		for r.Next() {
			w.Struct(&r.Struct, 0)
		}
		if err != nil {
			return
		}
		if r.Err() != nil {
			t.Fatal(r.Err())
		}
		deletes.Group()
		written := w.Finish(deletes)
		if _, _, err := Scan(V1, written); err != nil {
			// Sections of one client that are not next to each other may not
			// come together again.
			if !errors.Is(err, ErrReference) && !errors.Is(err, ErrClock) {
				t.Fatalf("%x written as %x: %v", update, written, err)
			}
		}
	})
}

// TestScanGrowsOnce: the sections of an update that many clients wrote in are not
// copied again and again while it is read.
func TestScanGrowsOnce(t *testing.T) {
	var w Writer
	for client := range uint64(5000) {
		w.Struct(&Struct{ID: ID{Client: 9000 - client}, Ref: RefString, Len: 1, Content: []byte("x"), Parent: ParentRoot, Root: []byte("t")}, 0)
	}
	update := w.Finish(nil)
	if n := testing.AllocsPerRun(5, func() {
		if sections, _, err := Scan(V1, update); err != nil || len(sections) != 5000 {
			t.Fatal(len(sections), err)
		}
	}); n > 3 {
		t.Errorf("%v allocations", n)
	}
	// One that only says so gets no memory for it.
	if sections, _, err := Scan(V1, []byte{0xff, 0xff, 0xff, 0xff, 0x0f}); err == nil || cap(sections) > 0 {
		t.Errorf("room for %d sections, %v", cap(sections), err)
	}
}
