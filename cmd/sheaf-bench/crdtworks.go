package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode/utf16"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/crdt/packed"
	"github.com/sheafdocs/sheaf/crdt/tracetest"
)

// Sizes of the made-up works, those of the crdt-benchmarks B1 to B3.
const (
	b1Edits   = 6000
	b3Clients = 1540
)

// paperClient signs the typing of automerge-paper: as long, encoded, as what
// Yjs draws, so that sizes compare.
const paperClient = 0xdeadbeef

// crdtWork is something the merge engine is timed at.
type crdtWork struct {
	name  string
	trace string // the file it needs, or ""
	goal  crdtGoal
	input func(s *crdtSource) (*crdtInput, error)
	run   func(in *crdtInput) (done, error)
}

// crdtGoal is what a work may cost, at most; 0: nothing was set.
type crdtGoal struct {
	WarmMS, ColdMS  float64
	Retained, Bytes int64
}

// done is what a run leaves: what a program would go on to hold, and what there
// is to check. Checks are not part of the time.
type done struct {
	kept  any
	text  func() (string, error)
	bytes int // of what it made, or read
}

// crdtWorks are all works, in the order in which they are reported.
var crdtWorks = []crdtWork{
	{"b4-local", tracetest.Paper, crdtGoal{WarmMS: 400, Retained: 3 << 19}, typedInput, runLocal},
	{"b4-load-v1", tracetest.Paper, crdtGoal{WarmMS: 5, Retained: 1 << 20}, stateInput(1), runRemote},
	{"b4-load-v2", tracetest.Paper, crdtGoal{WarmMS: 4, ColdMS: 6, Retained: 1 << 20}, stateInput(2), runRemote},
	{"b4-remote", tracetest.Paper, crdtGoal{WarmMS: 300}, updatesInput, runRemote},
	{"b4-merge", tracetest.Paper, crdtGoal{WarmMS: 200}, updatesInput, runMerge},
	{"b4-size", tracetest.Paper, crdtGoal{Bytes: 311_038}, stateInput(1), runEncode},
	{"b4-size-v2", tracetest.Paper, crdtGoal{Bytes: 159_929}, stateInput(2), runEncode},
	{"b4-rest", tracetest.Paper, crdtGoal{Bytes: 70_000}, stateInput(1), runPack},
	{"friends-remote", tracetest.Friends, crdtGoal{WarmMS: 25}, concurrentInput(false), runRemote},
	{"friends-merged", tracetest.Friends, crdtGoal{WarmMS: 0.6}, concurrentInput(true), runRemote},
	{"b1-append", "", crdtGoal{WarmMS: 25}, b1Input(func(_ *rand.Rand, n int) int { return n }), runSent},
	{"b1-prepend", "", crdtGoal{WarmMS: 25}, b1Input(func(*rand.Rand, int) int { return 0 }), runSent},
	{"b1-random", "", crdtGoal{WarmMS: 25}, b1Input(func(r *rand.Rand, n int) int { return r.IntN(n + 1) }), runSent},
	{"b2-concurrent", "", crdtGoal{WarmMS: 40}, b2Input, runExchanged},
	{"b3-clients", "", crdtGoal{WarmMS: 50}, b3Input, runRemote},
	{"s3-load", tracetest.S3, crdtGoal{WarmMS: 35}, fileInput, runRemote},
	{"a1-load", tracetest.A1, crdtGoal{WarmMS: 75}, fileInput, runRemote},
}

// traceWorks are done with a file that the user names, by its kind.
var traceWorks = map[string][]crdtWork{
	tracetest.Sequential: {
		{name: "trace-local", input: typedInput, run: runLocal},
		{name: "trace-load", input: stateInput(1), run: runRemote},
		{name: "trace-remote", input: updatesInput, run: runRemote},
		{name: "trace-merge", input: updatesInput, run: runMerge},
	},
	tracetest.Concurrent: {
		{name: "trace-remote", input: concurrentInput(false), run: runRemote},
		{name: "trace-merged", input: concurrentInput(true), run: runRemote},
	},
	updateKind: {{name: "trace-update", input: fileInput, run: runRemote}},
}

// workNamed finds a work, also one with a file of the user's.
func workNamed(name string) (crdtWork, bool) {
	for _, w := range crdtWorks {
		if w.name == name {
			return w, true
		}
	}
	for _, works := range traceWorks {
		for _, w := range works {
			if w.name == name {
				return w, true
			}
		}
	}
	return crdtWork{}, false
}

// typedInput is a sequential history as one author types it.
func typedInput(s *crdtSource) (*crdtInput, error) {
	t, err := s.history(tracetest.Sequential)
	if err != nil {
		return nil, err
	}
	typed, err := units(t)
	return &crdtInput{Text: t.EndContent, Typed: [][]edits{typed}}, err
}

// updatesInput is what typing a sequential history sends to others.
func updatesInput(s *crdtSource) (*crdtInput, error) {
	in, err := typedInput(s)
	if err != nil {
		return nil, err
	}
	doc := crdt.NewDoc(crdt.Config{ClientID: paperClient})
	doc.OnUpdate(func(e crdt.UpdateEvent) { in.updates = append(in.updates, e.Update) })
	if err := typeAll(doc, in.Typed[0]); err != nil {
		return nil, err
	}
	return &crdtInput{Text: in.Text, Format: 1, updates: in.updates}, nil
}

// stateInput is the document of a sequential history, as one update.
func stateInput(format int) func(s *crdtSource) (*crdtInput, error) {
	return func(s *crdtSource) (*crdtInput, error) {
		in, err := typedInput(s)
		if err != nil {
			return nil, err
		}
		doc := crdt.NewDoc(crdt.Config{ClientID: paperClient})
		if err := typeAll(doc, in.Typed[0]); err != nil {
			return nil, err
		}
		return &crdtInput{Text: in.Text, Format: format, updates: [][]byte{encodeState(doc, format)}}, nil
	}
}

// concurrentInput is what the agents of a concurrent history send, one by one
// or as the state they end in. Their client ids ascend with their index.
func concurrentInput(merged bool) func(s *crdtSource) (*crdtInput, error) {
	return func(s *crdtSource) (*crdtInput, error) {
		t, err := s.history(tracetest.Concurrent)
		if err != nil {
			return nil, err
		}
		clients := make([]crdt.ClientID, t.NumAgents)
		for i := range clients {
			clients[i] = crdt.ClientID(i + 1)
		}
		all, err := simulate(t, clients)
		if err != nil {
			return nil, fmt.Errorf("replay history: %w", err)
		}
		in := &crdtInput{Text: t.EndContent, Format: 1}
		for i := range all {
			if all[i].update != nil {
				in.updates = append(in.updates, all[i].update)
			}
		}
		if !merged {
			in.Steps = steps(t)
			return in, nil
		}
		doc := crdt.NewDoc(crdt.Config{})
		if err := applyAll(doc, in); err != nil {
			return nil, err
		}
		in.updates = [][]byte{doc.EncodeStateAsUpdate(nil)}
		return in, nil
	}
}

// steps returns a concurrent history for engines with updates of their own;
// nil if its positions are not those of UTF-16 units.
func steps(t *tracetest.Trace) []step {
	if t.Astral || t.StartContent != "" {
		return nil
	}
	seen := t.Seen()
	out := make([]step, len(t.Txns))
	for i, x := range t.Txns {
		out[i] = step{Agent: x.Agent, Seen: seen[i]}
		for _, p := range x.Patches {
			out[i].Edits = append(out[i].Edits, edit{p.Pos, p.Del, p.Insert})
		}
	}
	return out
}

// letters are typed by the made-up works.
const letters = "abcdefghijklmnopqrstuvwxyz"

// b1Input is one author who types single letters at places that at chooses.
func b1Input(at func(r *rand.Rand, n int) int) func(s *crdtSource) (*crdtInput, error) {
	return func(*crdtSource) (*crdtInput, error) {
		r := rand.New(rand.NewPCG(1, 6000))
		typed, text := singles(r, "", at)
		return &crdtInput{Text: text, Typed: [][]edits{typed}}, nil
	}
}

// singles makes the insertions of single letters into a text, and the text
// that comes of them.
func singles(r *rand.Rand, start string, at func(r *rand.Rand, n int) int) ([]edits, string) {
	text := []byte(start)
	typed := make([]edits, b1Edits)
	for i := range typed {
		pos, c := at(r, len(text)), letters[r.IntN(len(letters))]
		text = append(text, 0)
		copy(text[pos+1:], text[pos:])
		text[pos] = c
		typed[i] = edits{{pos: pos, text: string(c)}}
	}
	return typed, string(text)
}

// b2Input is two authors who type at random places of a text before either
// hears of the other. Who comes first where both typed is for the engine to
// say; the text is compared between the two.
func b2Input(*crdtSource) (*crdtInput, error) {
	r := rand.New(rand.NewPCG(2, 6000))
	start := strings.Repeat(letters, 4)[:100]
	at := func(r *rand.Rand, n int) int { return r.IntN(n + 1) }
	a, _ := singles(r, start, at)
	b, _ := singles(r, start, at)
	return &crdtInput{Start: start, Typed: [][]edits{a, b}, TextSHA256: b2SHA256}, nil
}

// b3Input is many authors who each insert at the start of an empty text.
func b3Input(*crdtSource) (*crdtInput, error) {
	in := &crdtInput{Format: 1}
	var text strings.Builder
	for i := range b3Clients {
		doc := crdt.NewDoc(crdt.Config{ClientID: crdt.ClientID(i + 1)})
		doc.OnUpdate(func(e crdt.UpdateEvent) { in.updates = append(in.updates, e.Update) })
		word := fmt.Sprintf("%d ", i)
		typed := []edits{{{text: word}}}
		if err := typeAll(doc, typed); err != nil {
			return nil, err
		}
		in.Typed = append(in.Typed, typed)
		text.WriteString(word) // the lower client comes first
	}
	// They arrive in no order, but always the same.
	r := rand.New(rand.NewPCG(3, b3Clients))
	r.Shuffle(len(in.updates), func(i, j int) { in.updates[i], in.updates[j] = in.updates[j], in.updates[i] })
	in.Text = text.String()
	return in, nil
}

// fileInput is an update as it lies in a file. What it says is known by hash where
// Yjs has loaded it before. Otherwise it is what comes by another way: the update is
// converted to the other format, loaded and packed, and what is visible is read of that.
func fileInput(s *crdtSource) (*crdtInput, error) {
	update, format, err := s.update()
	if err != nil {
		return nil, err
	}
	in := &crdtInput{Format: format, TextSHA256: s.knownText(), updates: [][]byte{update}}
	if in.TextSHA256 != "" {
		return in, nil
	}
	if in.Text, err = textAnotherWay(update, format); err != nil {
		return nil, fmt.Errorf("%s: find out what it says: %w", s.path, err)
	}
	if in.Text == "" {
		return nil, fmt.Errorf(`%s: there is nothing to compare: its root "text" is empty, and others are not looked at`, s.path)
	}
	return in, nil
}

// textAnotherWay returns what an update says, without the ways that are measured.
func textAnotherWay(update []byte, format int) (string, error) {
	convert, apply := crdt.ConvertUpdateToV2, (*crdt.Doc).ApplyUpdateV2
	if format == 2 {
		convert, apply = crdt.ConvertUpdateToV1, (*crdt.Doc).ApplyUpdate
	}
	other, err := convert(update)
	if err != nil {
		return "", err
	}
	doc := crdt.NewDoc(crdt.Config{})
	if err := apply(doc, other, nil); err != nil {
		return "", err
	}
	doc.Text("text")
	if doc.HasPending() {
		return "", errors.New("some of its units wait for others, which are not in it")
	}
	return textAtRest(packed.Pack(doc))
}

// units returns the edits of each transaction in UTF-16 units, checked against
// the text as it grows.
func units(t *tracetest.Trace) ([]edits, error) {
	var text []uint16
	if t.Astral {
		text = utf16.Encode([]rune(t.StartContent))
	}
	out := make([]edits, 0, len(t.Txns)+1)
	if t.StartContent != "" {
		out = append(out, edits{{text: t.StartContent}})
	}
	for i := range t.Txns {
		var all edits
		for _, p := range t.Txns[i].Patches {
			e := edit{p.Pos, p.Del, p.Insert}
			if t.Astral {
				from, ok := unitOf(text, 0, p.Pos)
				to, ok2 := unitOf(text, from, p.Del)
				if !ok || !ok2 {
					return nil, fmt.Errorf("read trace: transaction %d edits beyond the text's end", i)
				}
				e.pos, e.del = from, to-from
				rest := append(utf16.Encode([]rune(p.Insert)), text[to:]...)
				text = append(text[:from], rest...)
			}
			all = append(all, e)
		}
		out = append(out, all)
	}
	return out, nil
}

// unitOf returns where the count-th character after a place begins.
func unitOf(text []uint16, from, count int) (int, bool) {
	for ; count > 0; count-- {
		if from >= len(text) {
			return 0, false
		}
		if utf16.IsSurrogate(rune(text[from])) && from+1 < len(text) {
			from++
		}
		from++
	}
	return from, true
}
