package oracle

import "slices"

// addMarks lets a program make relative positions and look them up.
func (g *generator) addMarks(p *Program) {
	if g.chance(0.4) {
		return
	}
	for range 2 + g.IntN(15) {
		s := Step{Kind: StepMark, To: g.IntN(g.replicas), From: g.IntN(g.replicas), Picks: g.picks(3)}
		s.N = []int{0, -1, 1, -1 - g.IntN(1000)}[g.weighted(6, 6, 1, 1)]
		if g.chance(0.7) {
			s.Picks[0] = 0 // the root text, mostly
		}
		if g.chance(0.1) {
			s.Hex = []string{"000100", "010474657874", "0201054100", "01046e6f6e6500", "00860101"}[g.IntN(5)]
		}
		p.Steps = slices.Insert(p.Steps, g.IntN(len(p.Steps)+1), s)
	}
}
