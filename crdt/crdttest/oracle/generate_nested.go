package oracle

import "slices"

// addNested lets a program delete types that are inside others, with edits
// inside them before and by others meanwhile, and undo that under managers of
// which one sees the outer type and another the inner one.
func (g *generator) addNested(p *Program) {
	if g.chance(0.7) {
		return
	}
	var steps []Step
	for range 1 + g.weighted(4, 1) {
		n := g.newNested(p.Lazy)
		steps = append(steps, n.start()...)
		steps = append(steps, n.goOn()...)
	}
	// In a row, or among what else happens.
	at, end := g.IntN(1+len(p.Steps)/2), len(p.Steps)*3/4
	apart := g.chance(0.4)
	for _, s := range steps {
		if apart {
			at = min(at+g.weighted(3, 2, 1), end)
		}
		p.Steps = slices.Insert(p.Steps, at, s)
		at, end = at+1, end+1
	}
	g.setTimes(p)
}

// nested is what the steps about a type inside another have in common.
type nested struct {
	*generator
	lazy      bool
	me, other int    // who deletes and undoes, and who edits meanwhile
	value     Val    // the type
	place     string // the operation that inserts it
	key       string // where that goes by keys
	holder    int    // which of the types that hold others has it,
	child     int    // and which of those it is
}

func (g *generator) newNested(lazy bool) *nested {
	n := &nested{generator: g, lazy: lazy, me: g.IntN(g.replicas), other: g.IntN(g.replicas), value: g.nested()}
	n.key = g.keys[g.IntN(len(g.keys))]
	n.place = []string{"map.set", "array.insert", "xml.insert", "text.embed"}[g.IntN(4)]
	if n.place == "xml.insert" {
		n.value = g.node()
	}
	n.holder, n.child = g.IntN(3)*g.IntN(2), g.IntN(3)*g.IntN(2)
	return n
}

// start makes the type, opens the managers and deletes it.
func (n *nested) start() []Step {
	steps := []Step{n.edit(n.me, n.insert())}
	if n.chance(0.3) {
		deeper := n.insert()
		deeper.Inside = true
		steps = append(steps, n.edit(n.me, deeper))
	}
	if n.chance(0.3) {
		steps = append(steps, n.edit(n.me, n.within(), n.within())) // before anything is recorded
	}
	steps = append(steps, n.sync(n.other, n.me))
	// Steps are often one millisecond apart: as long as some managers wait.
	timeout := []int{0, 1, n.IntN(1000)}[n.weighted(2, 1, 2)]
	picks := []int{timeout, n.holder, n.child}
	for _, scope := range [][]int{{undoAround, undoInside}, {undoInside, undoAround}, {undoAround | undoInside}, {undoAll, undoInside}}[n.weighted(4, 2, 1, 1)] {
		steps = append(steps, Step{Kind: StepUndoOpen, To: n.me, N: scope | n.options(), Picks: picks})
	}
	if n.lazy {
		steps = slices.DeleteFunc(steps, func(s Step) bool { return s.N&undoAll != 0 }) // see addUndo
	}
	for range 1 + n.IntN(2) {
		steps = append(steps, n.edit(n.me, n.within(), n.within()), n.stop())
	}
	if n.chance(0.5) {
		steps = append(steps, n.sync(n.other, n.me))
	}
	if n.chance(0.5) {
		steps = append(steps, n.edit(n.other, n.within()))
	}
	return append(steps, n.edit(n.me, n.drop()))
}

// goOn undoes and redoes while everybody edits.
func (n *nested) goOn() []Step {
	var steps []Step
	for range 4 + n.IntN(12) {
		switch n.weighted(8, 4, 1, 2, 3, 2, 3, 2, 2, 1) {
		case 0:
			steps = append(steps, n.undo(actUndo))
		case 1:
			steps = append(steps, n.undo(actRedo))
		case 2:
			steps = append(steps, n.stop())
		case 3:
			steps = append(steps, n.edit(n.me, n.within()))
		case 4:
			steps = append(steps, n.edit(n.other, n.within()))
		case 5:
			steps = append(steps, n.edit([]int{n.me, n.other}[n.weighted(3, 1)], n.drop()))
		case 6:
			steps = append(steps, n.sync(n.me, n.other), n.sync(n.other, n.me))
		case 7:
			// If that is a key, in its place.
			steps = append(steps, n.edit(n.me, n.insert(), n.within()), n.edit(n.me, n.within()))
		case 8:
			steps = append(steps, n.backAndForth()...)
		case 9:
			// What was kept to be undone can be collected now.
			steps = append(steps, n.edit(n.me, n.within(), n.within()), n.undo(actClear), n.edit(n.other, n.drop()), n.sync(n.me, n.other))
		}
	}
	return steps
}

// backAndForth undoes some and redoes them.
func (n *nested) backAndForth() []Step {
	var steps []Step
	picks := n.picks(2)
	times := 1 + n.IntN(3)
	for _, what := range []int{actUndo, actRedo} {
		for range times {
			steps = append(steps, Step{Kind: StepUndo, To: n.me, N: what, Picks: picks})
		}
	}
	return steps
}

func (n *nested) edit(to int, ops ...Op) Step {
	s := Step{Kind: StepEdit, To: to, Ops: ops}
	if n.chance(0.2) {
		s.Origin = "b"
	}
	return s
}

func (n *nested) sync(to, from int) Step { return Step{Kind: StepSync, To: to, From: from} }

func (n *nested) undo(what int) Step {
	return Step{Kind: StepUndo, To: n.me, N: what, Picks: n.picks(2)}
}

func (n *nested) stop() Step { return n.undo(actStop) }

// options returns what a manager is made with besides its scope.
func (n *nested) options() int {
	bits := undoOriginNil
	for _, option := range []struct {
		bit int
		p   float64
	}{{undoNoTypes, 0.15}, {undoRemoteMap, 0.3}, {undoLocalOnly, 0.1}, {undoOriginB, 0.5}} {
		if n.chance(option.p) {
			bits |= option.bit
		}
	}
	return bits
}

// insert is the operation that puts the type where it is.
func (n *nested) insert() Op {
	op := n.opOf(n.place)
	op.Values = []Val{n.value}
	if op.Key != "" {
		op.Key = n.key
	}
	return op
}

// drop is the operation that deletes it.
func (n *nested) drop() Op { return Op{Kind: "drop", Target: n.holder, Length: n.child} }

// within is an operation on it, or on some type like it.
func (n *nested) within() Op {
	family := map[string]string{"Text": "text", "XmlText": "text", "Array": "array", "Map": "map", "Hook": "map"}[n.value.Kind]
	if family == "" {
		family = "xml"
	}
	op := n.opOf(pick(n.generator, editWeights[family]))
	op.Target, op.Inside = n.child, n.chance(0.9)
	return op
}
