package oracle

import (
	"fmt"
	"slices"
)

// addSubdocs lets a program insert subdocument entries, load and destroy them,
// by themselves and among the edits of a transaction.
func (g *generator) addSubdocs(p *Program) {
	if g.chance(0.7) {
		return
	}
	insert := []string{"map.set", "array.insert"}
	for range 2 + g.IntN(5) {
		op := g.opOf(insert[g.IntN(2)])
		for i := range op.Values {
			op.Values[i] = g.subdoc()
		}
		s := Step{Kind: StepEdit, To: g.IntN(g.replicas), Ops: []Op{op}}
		if g.chance(0.3) {
			s.Ops = append(s.Ops, g.onSubdoc())
		}
		p.Steps = slices.Insert(p.Steps, g.IntN(1+len(p.Steps)/2), s)
	}
	for range 3 + g.IntN(12) {
		s := Step{Kind: StepSubdoc, To: g.IntN(g.replicas), Ops: []Op{g.onSubdoc()}}
		if g.chance(0.4) {
			// The deletion is often of what was just loaded or destroyed.
			s.Kind = StepEdit
			s.Ops = append(s.Ops, g.onSubdoc(), g.opOf([]string{"map.set", "map.delete", "array.delete"}[g.IntN(3)]))
		}
		p.Steps = slices.Insert(p.Steps, len(p.Steps)/4+g.IntN(len(p.Steps)*3/4), s)
	}
}

func (g *generator) onSubdoc() Op {
	return Op{Kind: []string{"subdoc.load", "subdoc.destroy"}[g.weighted(3, 2)], Target: g.IntN(4), Length: g.IntN(8)}
}

// subdoc returns a subdocument entry.
func (g *generator) subdoc() Val {
	g.guids++
	v := Val{Kind: "subdoc", Text: fmt.Sprintf("subdoc-%d", g.guids)}
	for _, flag := range []string{"autoload", "nogc", "unloaded"} {
		if g.chance(0.4) {
			v.Names = append(v.Names, flag)
		}
	}
	if g.chance(0.4) {
		v.List = []Val{{Kind: "object", Names: []string{"meta"}, List: []Val{{Kind: "number", Text: g.number()}}}}
	}
	return v
}
