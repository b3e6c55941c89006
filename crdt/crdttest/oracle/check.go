package oracle

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Divergence is the first difference between the two engines.
type Divergence struct {
	Step  int // index into the program's steps
	Field string
	Yjs   []byte
	Ours  []byte
}

// Error tells where the engines differ, without the program.
func (d *Divergence) Error() string {
	return fmt.Sprintf("step %d, %s:\n  yjs  %s\n  ours %s", d.Step, d.Field, show(d.Yjs), show(d.Ours))
}

// show prints text as it is and bytes in hex.
func show(b []byte) string {
	for _, c := range b {
		if c < ' ' && c != '\n' && c != '\t' || c >= 0x80 {
			return fmt.Sprintf("%x", b)
		}
	}
	return strings.ReplaceAll(string(b), "\n", "\n       ")
}

// Compare returns the first difference between what was seen in Yjs and in
// our engine, or nil.
func Compare(yjs, ours []Observation) *Divergence {
	for i := range max(len(yjs), len(ours)) {
		var a, b Observation
		if i < len(yjs) {
			a = yjs[i]
		}
		if i < len(ours) {
			b = ours[i]
		}
		if failsInYjs(a) && b.Get("error") == nil {
			return nil // there is nothing to compare with from here on
		}
		if d := compareStep(a, b); d != nil {
			d.Step = i
			return d
		}
	}
	return nil
}

// failsInYjs tells whether a step ended in an error of Yjs's own. Of two undo managers
// of one type, clearing one lets go of what the other holds, and every edit clears what
// can be redone; undoing then looks for content and parents that were collected.
func failsInYjs(yjs Observation) bool {
	err := yjs.Get("error")
	return bytes.HasPrefix(err, []byte("TypeError: Cannot read properties of undefined")) && bytes.Contains(err, []byte("at redoItem ("))
}

func compareStep(yjs, ours Observation) *Divergence {
	if err := yjs.Get("error"); err != nil {
		return &Divergence{Field: "error", Yjs: err, Ours: ours.Get("error")}
	}
	if err := ours.Get("error"); err != nil {
		return &Divergence{Field: "error", Ours: err}
	}
	for i := range max(len(yjs), len(ours)) {
		switch {
		case i >= len(yjs):
			return &Divergence{Field: ours[i].Name + " (only ours)", Ours: ours[i].Data}
		case i >= len(ours):
			return &Divergence{Field: yjs[i].Name + " (only yjs)", Yjs: yjs[i].Data}
		case yjs[i].Name != ours[i].Name:
			return &Divergence{Field: "names", Yjs: []byte(yjs[i].Name), Ours: []byte(ours[i].Name)}
		case !bytes.Equal(yjs[i].Data, ours[i].Data):
			return &Divergence{Field: yjs[i].Name, Yjs: yjs[i].Data, Ours: ours[i].Data}
		}
	}
	return nil
}

// request is what the child is asked to run.
type request struct {
	Do      string  `json:"do"`
	Program Program `json:"program"`
}

// Check runs a program in both engines and returns the first difference, or
// nil. The error is the oracle's own.
func (o *Oracle) Check(p Program) (*Divergence, error) {
	yjs, err := o.Ask(request{"program", p})
	if err != nil {
		return nil, err
	}
	return Compare(yjs, Execute(p)), nil
}

// Shrink leaves out whatever a diverging program does not need to diverge, and
// returns the rest with its divergence.
func (o *Oracle) Shrink(p Program) (Program, *Divergence, error) {
	var last *Divergence
	diverges := func(candidate Program) (bool, error) {
		d, err := o.Check(candidate)
		if d != nil {
			last = d
		}
		return d != nil, err
	}
	if bad, err := diverges(p); err != nil || !bad {
		return p, nil, err
	}
	p.Steps = p.Steps[:min(len(p.Steps), last.Step+1)]
	for {
		before := size(p)
		var err error
		if p, err = shrinkSteps(p, diverges); err != nil {
			return p, nil, err
		}
		if p, err = shrinkOps(p, diverges); err != nil {
			return p, nil, err
		}
		if size(p) == before {
			break
		}
	}
	_, err := diverges(p)
	return p, last, err
}

func size(p Program) int {
	n := len(p.Steps)
	for _, s := range p.Steps {
		n += len(s.Ops) + s.N + len(s.Picks)
	}
	return n
}

// shrinkSteps drops blocks of steps, large ones first.
func shrinkSteps(p Program, diverges func(Program) (bool, error)) (Program, error) {
	for block := max(1, len(p.Steps)/2); block > 0; block /= 2 {
		for at := 0; at < len(p.Steps); {
			c := p
			c.Steps = slices.Delete(slices.Clone(p.Steps), at, min(at+block, len(p.Steps)))
			bad, err := diverges(c)
			if err != nil {
				return p, err
			}
			if bad {
				p = c
			} else {
				at += block
			}
		}
	}
	return p, nil
}

// shrinkOps drops operations, picks and counts inside steps.
func shrinkOps(p Program, diverges func(Program) (bool, error)) (Program, error) {
	for i := range p.Steps {
		for _, smaller := range []func(s *Step, at int) bool{dropOp, dropPick, dropCount} {
			for at := 0; ; {
				c := p
				c.Steps = slices.Clone(p.Steps)
				if !smaller(&c.Steps[i], at) {
					break
				}
				bad, err := diverges(c)
				if err != nil {
					return p, err
				}
				if bad {
					p = c
				} else {
					at++
				}
			}
		}
	}
	return p, nil
}

func dropOp(s *Step, at int) bool {
	if at >= len(s.Ops) || len(s.Ops) == 1 {
		return false
	}
	s.Ops = slices.Delete(slices.Clone(s.Ops), at, at+1)
	return true
}

func dropPick(s *Step, at int) bool {
	fewest := 1
	if s.Kind == StepUndoOpen {
		fewest = 2 // a timeout and a scope
	}
	if at >= len(s.Picks) || len(s.Picks) <= fewest {
		return false
	}
	s.Picks = slices.Delete(slices.Clone(s.Picks), at, at+1)
	return true
}

func dropCount(s *Step, at int) bool {
	if at > 0 || s.N <= 1 || s.Kind != StepDeliver {
		return false
	}
	s.N--
	return true
}
