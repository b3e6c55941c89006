package oracle

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/sheafdocs/sheaf/crdt"
)

// keptMarks is how many relative positions are looked up at each mark step.
const keptMarks = 12

// mark makes a relative position in one of To's types, and looks up, in From,
// those that there are. node/mark.mjs does the same.
func (w *world) mark(step Step, to, from *replica, o *Observation) error {
	var seen []string
	if types := find(to.shared(), anyType); len(types) > 0 {
		s := types[step.choice(0)%len(types)]
		p, err := crdt.NewRelativePosition(s, step.choice(1)%(units(s)+1), int64(step.N))
		if err != nil {
			return err
		}
		text, err := p.MarshalJSON()
		if err != nil {
			return err
		}
		seen = append(seen, fmt.Sprintf("mark %x %s", p.Encode(), text))
		for _, q := range w.marks {
			seen = append(seen, fmt.Sprint("equal ", p == q))
		}
		// Kept as it was made, as it was sent, and as JSON has it.
		switch step.choice(2) % 3 {
		case 1:
			p, err = crdt.DecodeRelativePosition(p.Encode())
		case 2:
			p = crdt.RelativePosition{}
			err = p.UnmarshalJSON(text)
		}
		if err != nil {
			return err
		}
		w.marks = append(w.marks, p)
	}
	if step.Hex != "" {
		b, err := hex.DecodeString(step.Hex)
		if err != nil {
			return err
		}
		p, err := crdt.DecodeRelativePosition(b)
		if err != nil {
			return err
		}
		w.marks = append(w.marks, p)
	}
	w.marks = w.marks[max(0, len(w.marks)-keptMarks):]
	for _, r := range []*replica{to, from} {
		for _, p := range w.marks {
			seen = append(seen, r.resolve(p, true)+" "+r.resolve(p, false))
		}
	}
	o.add("positions", []byte(strings.Join(seen, "\n")))
	return nil
}

func (r *replica) resolve(p crdt.RelativePosition, follow bool) string {
	at, ok := r.doc.Resolve(p, follow)
	if !ok {
		return "null"
	}
	name := "root"
	if at.Type != nil {
		name = typeName(at.Type)
		for i, s := range find(r.shared(), anyType) {
			if s == at.Type {
				name += fmt.Sprint("#", i)
			}
		}
	}
	return fmt.Sprintf("%s:%d:%d", name, at.Index, at.Assoc)
}

// units returns the length of a type's children.
func units(s crdt.Shared) int {
	switch {
	case isText(s):
		return text(s).Len()
	case isXML(s):
		return fragment(s).Len()
	case isArray(s):
		return s.(*crdt.Array).Len()
	}
	return 0
}
