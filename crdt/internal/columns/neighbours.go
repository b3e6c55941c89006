package columns

// Run is the units of one item, as its list holds it.
type Run struct{ Client, Clock, Len uint64 }

// Unit names one unit, or none.
type Unit struct {
	Known         bool
	Client, Clock uint64
}

// Neighbours returns for each item of a list which units it was most likely
// written between: those of the nearest items that its own client did not
// write later. For a list with one author that is what happened.
func Neighbours(runs []Run) (left, right []Unit) {
	left, right = make([]Unit, len(runs)), make([]Unit, len(runs))
	// A stack of the items that can be a neighbour of one to come: an item
	// hides the later ones of its client right behind it.
	var stack []int
	nearest := func(i int) (Run, bool) {
		r := runs[i]
		for len(stack) > 0 {
			top := runs[stack[len(stack)-1]]
			if top.Client != r.Client || top.Clock < r.Clock {
				break
			}
			stack = stack[:len(stack)-1]
		}
		defer func() { stack = append(stack, i) }()
		if len(stack) == 0 {
			return Run{}, false
		}
		return runs[stack[len(stack)-1]], true
	}
	for i := range runs {
		if n, ok := nearest(i); ok {
			left[i] = Unit{true, n.Client, n.Clock + n.Len - 1}
		}
	}
	stack = stack[:0]
	for i := len(runs) - 1; i >= 0; i-- {
		if n, ok := nearest(i); ok {
			right[i] = Unit{true, n.Client, n.Clock}
		}
	}
	return left, right
}
