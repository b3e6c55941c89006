package oracle

import "slices"

// addSnaps lets a program take snapshots and look back at them.
func (g *generator) addSnaps(p *Program) {
	if g.chance(0.5) {
		return
	}
	for range 2 + g.IntN(10) {
		s := Step{Kind: StepSnap, To: g.IntN(g.replicas), N: g.IntN(3), Picks: g.picks(4)}
		s.From = s.To
		if g.chance(0.3) {
			s.From = g.IntN(g.replicas)
		}
		p.Steps = slices.Insert(p.Steps, g.IntN(len(p.Steps)+1), s)
	}
}

// addFilters lets some replicas collect only a part of what is deleted.
func (g *generator) addFilters(p *Program) {
	for i := range p.Replicas {
		if r := &p.Replicas[i]; !r.NoGC && g.chance(0.15) {
			r.Keep = 1 + g.IntN(3)
		}
	}
}
