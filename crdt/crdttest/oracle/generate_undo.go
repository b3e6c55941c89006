package oracle

import "slices"

// addUndo lets some replicas of a program undo and redo, and note their hooks.
func (g *generator) addUndo(p *Program) {
	for i := range p.Replicas {
		p.Replicas[i].Hooks = g.chance(0.15)
	}
	if g.chance(0.5) {
		return
	}
	for i := range p.Steps {
		s := &p.Steps[i]
		if (s.Kind == StepEdit || s.Kind.applies()) && g.chance(0.3) {
			s.Origin = "b"
		}
	}
	first := g.IntN(1 + len(p.Steps)/4)
	for range 1 + g.IntN(3) {
		s := Step{Kind: StepUndoOpen, To: g.IntN(g.replicas), N: g.IntN(64), Picks: g.picks(2 + g.IntN(3))}
		if p.Lazy {
			s.N &^= undoAll // defining a root is an empty transaction in Yjs
		}
		if g.chance(0.5) {
			s.N &^= undoNoTypes | undoLocalOnly
		}
		p.Steps = slices.Insert(p.Steps, first, s)
	}
	for range 2 + g.IntN(25) {
		s := Step{Kind: StepUndo, To: g.IntN(g.replicas), Picks: g.picks(2)}
		s.N = g.weighted(10, 6, 0.7, 1, 0.7, 0.3, 0.5, 0.5)
		p.Steps = slices.Insert(p.Steps, first+g.IntN(len(p.Steps)-first), s)
	}
	g.setTimes(p)
}

// setTimes lets time pass, a little or much from step to step.
func (g *generator) setTimes(p *Program) {
	at := 0
	for i := range p.Steps {
		at += 1 + g.IntN(400)*g.IntN(2)
		p.Steps[i].At = at
	}
}
