package oracle

import "slices"

// addClones lets some replicas go on with a copy of their document. Those that
// collect only a part tell by the document what to keep, and are left out.
func (g *generator) addClones(p *Program) {
	if g.chance(0.6) {
		return
	}
	for range 1 + g.IntN(3) {
		if s := (Step{Kind: StepClone, To: g.IntN(g.replicas)}); p.Replicas[s.To].Keep == 0 {
			p.Steps = slices.Insert(p.Steps, len(p.Steps)/2+g.IntN(len(p.Steps)/2), s) // when there is something to copy
		}
	}
}

// insertAfter lets some XML nodes be inserted after others instead of at an index.
func (g *generator) insertAfter(p *Program) {
	for _, s := range p.Steps {
		for i := range s.Ops {
			if op := &s.Ops[i]; op.Kind == "xml.insert" && g.chance(0.2) {
				op.Kind, op.Index = "xml.insert after", max(op.Index, 0)
			}
		}
	}
}
