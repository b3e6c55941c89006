package oracle

import "slices"

// addGap lets a replica miss an edit, so that what follows waits there, and then
// hear of that again with other borders: typed piece by piece, and as the run
// that the pieces became.
func (g *generator) addGap(p *Program) {
	if g.replicas < 3 || g.chance(0.85) {
		return
	}
	replicas := g.Perm(g.replicas)
	from, to, third := replicas[0], replicas[1], replicas[2]
	deliver := func(to, n int) Step { return Step{Kind: StepDeliver, To: to, From: from, N: n} }

	steps := []Step{deliver(to, manySteps), deliver(third, manySteps)}
	pieces := 2 + g.IntN(4)
	for range 1 + pieces {
		typed := Op{Kind: "text.insert", Index: AtCaret, Text: g.text()}
		steps = append(steps, Step{Kind: StepEdit, To: from, Ops: []Op{typed}})
	}
	steps = append(steps, Step{Kind: StepSkip, To: to, From: from}, deliver(third, 1+g.IntN(pieces)))
	again := []Step{
		deliver(to, pieces),
		{Kind: StepPart, To: to, From: from, Picks: []int{third}}, // one run, that begins where third's ends
	}
	if g.chance(0.5) {
		slices.Reverse(again)
	}
	p.Steps = slices.Insert(p.Steps, g.IntN(len(p.Steps)+1), append(steps, again...)...)
}

// manySteps is more updates than there are to deliver, mostly.
const manySteps = 50
