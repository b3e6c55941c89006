package oracle

import (
	"math/rand/v2"
	"slices"
)

// aside returns a generator of the same taste that draws from numbers of its
// own, so that what it adds to programs leaves the rest of them as it is.
func (g *generator) aside(seed, stream uint64) *generator {
	c := *g
	c.Rand = rand.New(rand.NewPCG(seed, stream))
	return &c
}

// addWatches lets observers watch some replicas of a program.
func (g *generator) addWatches(p *Program) {
	if g.chance(0.5) {
		return
	}
	for i := range p.Replicas {
		r := &p.Replicas[i]
		if g.chance(0.6) {
			r.Watch = 1 + g.IntN(7)
		}
		if r.Watch&watchRootsDeep != 0 && g.chance(0.4) {
			for range 1 + g.IntN(3) {
				r.React = append(r.React, g.op())
			}
			if g.chance(0.4) {
				// Several observers type on, one after the other.
				for i := range 4 {
					r.React = append(r.React[:i:i], Op{Kind: "text.insert", Index: AtCaret, Text: g.text()})
				}
			}
		}
	}
	for range g.IntN(8) {
		step := Step{Kind: StepWatch, To: g.IntN(g.replicas), N: g.IntN(4), Picks: g.picks(1)}
		if g.chance(0.25) {
			step.Kind, step.N = StepUnwatch, 0
		}
		p.Steps = slices.Insert(p.Steps, g.IntN(len(p.Steps)), step)
	}
}
