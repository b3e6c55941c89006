package oracle

import (
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sheafdocs/sheaf/crdt"
)

// plainKinds are the operations and values about which Yrs is asked.
var (
	plainOps    = []string{"text.insert", "text.insert formatted", "text.format", "text.delete", "array.insert", "array.push", "array.delete", "map.set", "map.delete", "map.clear"}
	plainValues = []string{"string", "number", "bool", "null"}
)

// isPlain tells whether Yrs keeps a value as Yjs does: it shows minus zero as
// zero and NaN and infinite numbers as null, and moves what parts a surrogate pair
// out of it.
func isPlain(op Op) bool {
	texts := []string{op.Text}
	for _, v := range op.Values {
		f, err := strconv.ParseFloat(v.Text, 64)
		if v.Kind == "number" && (err != nil || f != f || math.IsInf(f, 0) || f == 0 && math.Signbit(f)) || !slices.Contains(plainValues, v.Kind) {
			return false
		}
		texts = append(texts, v.Text)
	}
	return !slices.ContainsFunc(texts, func(s string) bool { return strings.ContainsFunc(s, func(r rune) bool { return r > 0xffff }) })
}

// plainProgram leaves out of a program what is not text, lists and maps of plain
// values. Yrs (ywasm 0.18.3) takes ids of more than 32 bits for others, so they are cut.
func plainProgram(p Program) Program {
	p.Lazy = false
	for i := range p.Replicas {
		p.Replicas[i] = Replica{ID: p.Replicas[i].ID & (1<<32 - 1)}
	}
	var steps []Step
	for _, s := range p.Steps {
		if s.Kind == StepRaw || s.Kind == StepSetID {
			continue
		}
		s.Ops = slices.DeleteFunc(slices.Clone(s.Ops), func(op Op) bool {
			return !slices.Contains(plainOps, op.Kind) || !isPlain(op)
		})
		if s.Kind != StepEdit || len(s.Ops) > 0 {
			steps = append(steps, s)
		}
	}
	p.Steps = steps
	return p
}

// local returns all updates of local transactions in the order in which they
// came about, so that none builds on a later one.
func (w *world) local() []*update {
	var all []*update
	for _, u := range w.log {
		if slices.ContainsFunc(w.replicas, func(r *replica) bool { return slices.Contains(r.own, u) }) {
			all = append(all, u)
		}
	}
	return all
}

// sent is an update for the second voice.
type sent struct {
	Hex string `json:"hex"`
	V2  bool   `json:"v2"`
}

// TestSecondVoice gives the updates of converging programs, half of them in
// format 2, to Yrs as well, and compares what they come to.
func TestSecondVoice(t *testing.T) {
	o := start(t)
	seeds := number(t, "SEEDS", 300)
	compared, sameState, sameV2 := 0, 0, 0
	for seed := uint64(1); seed <= seeds; seed++ {
		w := newWorld(plainProgram(Generate(seed)))
		w.execute()
		doc := crdt.NewDoc(crdt.Config{ClientID: 1})
		shown := &replica{doc: doc, defined: roots[:3]}
		shown.shared()
		var updates []sent
		for _, u := range w.local() {
			v2 := (len(updates)+int(seed))%2 == 0
			bytes, err := u.in(v2)
			if err != nil {
				t.Fatal(err)
			}
			updates = append(updates, sent{hex.EncodeToString(bytes), v2})
			if err := shown.apply(u, v2); err != nil {
				t.Fatal(err)
			}
		}
		if len(updates) == 0 {
			continue
		}
		answer, err := o.Ask(struct {
			Do      string `json:"do"`
			Updates []sent `json:"updates"`
		}{"second", updates})
		if err != nil {
			t.Fatal(err)
		}
		yrs := answer[len(answer)-1]
		if err := yrs.Get("error"); err != nil {
			t.Errorf("seed %d: yrs: %s", seed, err)
			continue
		}
		for name, ours := range map[string]string{
			"text": doc.Text("text").String(), "array": plainText(doc.Array("array").JSON()),
			"map": plainText(doc.Map("map").JSON()), "state vector": string(doc.StateVector().Encode()),
		} {
			theirs := string(yrs.Get(name))
			if name == "state vector" {
				theirs, ours = sortedState(t, theirs), sortedState(t, ours)
			}
			if theirs != ours {
				t.Errorf("seed %d, %s:\n  yrs  %s\n  ours %s", seed, name, theirs, ours)
			}
		}
		compared++
		if string(yrs.Get("state")) == string(shown.state(nil, false)) {
			sameState++
		}
		if string(yrs.Get("state in format 2")) == string(shown.state(nil, true)) {
			sameV2++
		}
	}
	t.Logf("%d programs show the same; %d states in format 1 and %d in format 2 have the same bytes", compared, sameState, sameV2)
	if compared == 0 {
		t.Error("nothing was compared")
	}
}

func plainText(v crdt.Value) string {
	var b strings.Builder
	plain(&b, v, sortedKeys)
	return b.String()
}

// sortedState prints a state vector, whose order Yrs does not keep.
func sortedState(t *testing.T, encoded string) string {
	t.Helper()
	sv, err := crdt.DecodeStateVector([]byte(encoded))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(sv)
}
