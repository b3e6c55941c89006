package oracle

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// Generate returns the program of a seed. Programs differ much from each
// other: each draws which types and which kinds of step it is about, so that
// rare combinations get programs of their own.
func Generate(seed uint64) Program {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 0x5eaf)), used: map[uint64]bool{}}
	p := Program{Seed: seed}
	gc := g.Float64()
	for range 1 + g.weighted(1, 6, 6, 2) {
		noGC := gc < 0.15 || gc > 0.7 && g.chance(0.5)
		p.Replicas = append(p.Replicas, Replica{ID: g.clientID(), NoGC: noGC})
	}
	g.replicas = len(p.Replicas)
	g.taste()
	p.Lazy = g.chance(0.12)
	p.XMLText = g.aside(seed, 0x7e77).chance(0.2)
	if p.Lazy {
		g.steps[StepDefine] = 6
	}
	if g.chance(0.04) {
		// Large enough for trees of several levels.
		g.edits["text.scatter"], g.edits["text.repeat"], g.edits["array.scatter"], g.edits["map.scatter"] = 3, 2, 2, 1
	}
	n := 4 + g.IntN(12) + g.IntN(2)*g.IntN(60)
	for range n {
		p.Steps = append(p.Steps, g.step())
	}
	p.Steps = append(p.Steps, g.settle(p)...)
	g.aside(seed, 0xe7e7).addWatches(&p)
	g.aside(seed, 0xd0d0).addUndo(&p)
	g.aside(seed, 0x3a3a).addMarks(&p)
	g.aside(seed, 0x5a5a).addSnaps(&p)
	g.aside(seed, 0xc0c0).addCopies(&p)
	g.aside(seed, 0xf1f1).addFilters(&p)
	g.aside(seed, 0xabab).addNested(&p)
	g.aside(seed, 0x6a6a).addGap(&p)
	g.aside(seed, 0xd0c5).addSubdocs(&p)
	g.aside(seed, 0xc10e).addClones(&p)
	g.aside(seed, 0xaf7e).insertAfter(&p)
	chooseFormats(p)
	return p
}

// generator holds what one program is about.
type generator struct {
	*rand.Rand
	replicas int
	used     map[uint64]bool // client ids
	steps    map[StepKind]float64
	edits    map[string]float64
	alphabet []string
	keys     []string
	attrs    []string
	// values are the kinds of plain value that occur.
	values []string
	guids  int
	// handmadeClock is the next clock of handmadeClient, so that no two of its
	// updates contradict each other.
	handmadeClock uint64
	// half is set between the two updates of handmadeHalf.
	half bool
	// together is how likely an edit goes on at the caret.
	together float64
}

// stepWeights says how often each kind of step occurs, before taste.
var stepWeights = map[StepKind]float64{
	StepEdit: 50, StepDeliver: 24, StepSkip: 3, StepOld: 5, StepSync: 5, StepPart: 4, StepCut: 4,
	StepMerge: 6, StepDiff: 5, StepReload: 2, StepSetID: 2, StepRaw: 2,
}

// editWeights says how often each kind of operation occurs, before taste.
var editWeights = map[string]map[string]float64{
	"text": {
		"text.insert": 12, "text.delete": 6, "text.insert formatted": 3, "text.format": 5, "text.embed": 2,
		"text.delta": 2, "text.set attribute": 0.5, "text.remove attribute": 0.3,
	},
	"array": {"array.insert": 6, "array.push": 2, "array.delete": 3},
	"map":   {"map.set": 6, "map.delete": 2, "map.clear": 0.4},
	"xml":   {"xml.insert": 6, "xml.delete": 2, "xml.set attribute": 2, "xml.remove attribute": 0.6},
}

// taste draws what the program is about.
func (g *generator) taste() {
	g.steps, g.edits = map[StepKind]float64{}, map[string]float64{}
	for _, kind := range sortedKeysOf(stepWeights) {
		g.steps[kind] = stepWeights[kind] * g.emphasis()
	}
	g.steps[StepEdit] = stepWeights[StepEdit]
	families := sortedKeysOf(editWeights)
	only := ""
	if g.chance(0.5) {
		only = families[g.IntN(len(families))]
	}
	for _, family := range families {
		weight := 1.0
		if only != "" && family != only {
			weight = 0.04
		}
		kinds := sortedKeysOf(editWeights[family])
		for _, kind := range kinds {
			g.edits[kind] = weight * editWeights[family][kind] * g.emphasis()
		}
		g.edits[kinds[0]] = max(g.edits[kinds[0]], weight)
	}
	g.alphabet = alphabets[g.IntN(len(alphabets))]
	g.keys = []string{"a", "b", "c", "key", "é"}[:1+g.IntN(5)]
	g.attrs = []string{"bold", "italic", "link", "size"}[:1+g.IntN(4)]
	if g.chance(0.06) {
		for i := range 40 {
			g.attrs = append(g.attrs, fmt.Sprint("format ", i))
		}
	}
	g.values = valueKinds[:1+g.IntN(len(valueKinds))]
	g.together = g.Float64() * 0.9
	if g.chance(0.3) {
		// Long runs, of which others get to know in overlapping pieces.
		g.together = 0.95
		for _, kind := range []StepKind{StepCut, StepPart, StepOld, StepMerge, StepDiff, StepDeliver} {
			g.steps[kind] = 4 * stepWeights[kind]
		}
		if g.chance(0.4) {
			g.alphabet = alphabets[surrogates]
		}
	}
}

// emphasis is a factor for one weight: often one, sometimes none or much.
func (g *generator) emphasis() float64 {
	switch g.IntN(6) {
	case 0:
		return 0
	case 1:
		return 4
	}
	return 1
}

func (g *generator) step() Step {
	s := Step{Kind: pick(g, g.steps), To: g.IntN(g.replicas), From: g.IntN(g.replicas)}
	switch s.Kind {
	case StepEdit:
		s.From = 0
		for range 1 + g.weighted(10, 3, 2, 1, 1, 1) {
			s.Ops = append(s.Ops, g.op())
		}
	case StepDeliver:
		s.N = 1 + g.weighted(6, 2, 1, 1)
	case StepOld, StepPart:
		s.Picks = g.picks(1)
	case StepCut:
		s.Picks = g.picks(1 + g.IntN(3))
		if g.chance(0.4) {
			s.Picks = []int{0} // the whole state
		}
	case StepMerge:
		s.Picks, s.N = g.picks(1+g.IntN(5)), g.weighted(1, 2)
	case StepDiff:
		s.Picks, s.N = g.picks(1+g.IntN(3)), g.weighted(1, 2)
	case StepDefine:
		s.Root = g.IntN(len(roots))
	case StepSetID:
		s.ID = g.clientID()
	case StepRaw:
		s.N, s.Hex = g.weighted(1, 3), g.handmade()
	}
	return s
}

// settle brings every replica up to date and compares them.
func (g *generator) settle(p Program) []Step {
	var steps []Step
	if p.Lazy {
		for c := range g.replicas {
			for root := range p.roots() {
				steps = append(steps, Step{Kind: StepDefine, To: c, Root: root})
			}
		}
	}
	for c := 1; c < g.replicas; c++ {
		steps = append(steps, Step{Kind: StepSync, To: 0, From: c})
	}
	for c := 1; c < g.replicas; c++ {
		steps = append(steps, Step{Kind: StepSync, To: c, From: 0})
	}
	return append(steps, Step{Kind: StepConverged}, Step{Kind: StepReload})
}

func (g *generator) op() Op { return g.opOf(pick(g, g.edits)) }

func (g *generator) opOf(kind string) Op {
	op := Op{Kind: kind, Target: g.IntN(8) * g.IntN(2), Index: g.IntN(1 << 16)}
	switch {
	case g.Float64() < g.together:
		op.Index = AtCaret
	case g.chance(0.2):
		op.Index = AtEnd
	case g.chance(0.15):
		op.Index = 0
	}
	op.Length, op.Max = g.IntN(1<<16), []int{1, 2, 5, 0}[g.IntN(4)]
	insert, format := false, false
	switch op.Kind {
	case "text.insert":
		insert = true
	case "text.insert formatted":
		insert, format = true, true
	case "text.embed":
		format = true
		op.Values = []Val{g.embed()}
	case "text.format":
		format = true
	case "text.delta":
		op.Delta = g.delta()
	case "text.scatter":
		insert, format, op.Length = true, g.chance(0.3), 100+g.IntN(500)
	case "text.repeat":
		insert, op.Length = true, 1+g.IntN(1500)*(1+3*g.weighted(9, 1))
	case "array.scatter", "map.scatter":
		op.Length = 100 + g.IntN(500)
	case "array.insert", "array.push":
		op.Values = g.list(g.element)
	case "xml.insert":
		op.Values = g.list(g.node)
	case "map.set", "text.set attribute", "xml.set attribute":
		op.Values = []Val{g.entry(op.Kind)}
	}
	if insert {
		op.Text = g.text()
	}
	if format {
		op.Attrs = g.formats()
	}
	op.Key = g.keys[g.IntN(len(g.keys))]
	return trim(op)
}

// trim drops what an operation does not read, so that programs are short to
// print.
func trim(op Op) Op {
	switch op.Kind {
	case "map.set", "map.delete", "text.set attribute", "text.remove attribute", "xml.set attribute", "xml.remove attribute":
		op.Index, op.Length, op.Max = 0, 0, 0
	case "map.clear", "text.delta", "array.push":
		op.Key, op.Index, op.Length, op.Max = "", 0, 0, 0
	case "text.scatter", "array.scatter", "map.scatter":
		op.Key, op.Max, op.Index = "", 0, max(op.Index, 0)
	case "text.repeat":
		op.Key, op.Max = "", 0
	case "text.delete", "text.format", "array.delete", "xml.delete":
		op.Key = ""
	default:
		op.Key, op.Length, op.Max = "", 0, 0
	}
	return op
}

// clientID returns an unused id: small, of 32 bits as Yjs draws them, or of
// 53 bits as Sheaf does.
func (g *generator) clientID() uint64 {
	for {
		id := g.Uint64() >> (64 - 53)
		switch g.IntN(3) {
		case 0:
			id = 1 + id%200
		case 1:
			id &= 1<<32 - 1
		}
		if id != 0 && id != handmadeClient && !g.used[id] {
			g.used[id] = true
			return id
		}
	}
}

func (g *generator) picks(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = g.IntN(1 << 16)
	}
	return list
}

func (g *generator) chance(p float64) bool { return g.Float64() < p }

// weighted returns an index, as likely as its weight says.
func (g *generator) weighted(weights ...float64) int {
	var sum float64
	for _, w := range weights {
		sum += w
	}
	at := g.Float64() * sum
	for i, w := range weights {
		if at < w {
			return i
		}
		at -= w
	}
	return len(weights) - 1
}

// pick returns a key, as likely as its weight says.
func pick[K ~string](g *generator, weights map[K]float64) K {
	keys := sortedKeysOf(weights)
	list := make([]float64, len(keys))
	for i, k := range keys {
		list[i] = weights[k]
	}
	return keys[g.weighted(list...)]
}

func sortedKeysOf[K ~string, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
