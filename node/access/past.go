package access

// A past is the set of operations that precede one, by their index in the log.
// Every operation has its own, and most differ from a predecessor's by one
// element, so that a past is a list of pages which many pasts share. Pages are
// never changed once a past is made.
type past []*page

const pageBits = 1024

type page [pageBits / 64]uint64

func (p past) has(i int) bool {
	if i/pageBits >= len(p) || p[i/pageBits] == nil {
		return false
	}
	return p[i/pageBits][i%pageBits/64]&(1<<(i%64)) != 0
}

// contains reports whether all of b is in a.
func (a *page) contains(b *page) bool {
	if a == b || b == nil {
		return true
	}
	if a == nil {
		return false
	}
	for i, w := range b {
		if w&^a[i] != 0 {
			return false
		}
	}
	return true
}

// union returns a past with all of p and q; it shares their pages.
func (p past) union(q past) past {
	if len(p) < len(q) {
		p, q = q, p
	}
	out := append(past(nil), p...)
	for i, b := range q {
		switch a := out[i]; {
		case a.contains(b):
		case b.contains(a):
			out[i] = b
		default:
			sum := *a
			for j, w := range b {
				sum[j] |= w
			}
			out[i] = &sum
		}
	}
	return out
}

// with returns a past that has i besides. p itself must not be used again.
func (p past) with(i int) past {
	for len(p) <= i/pageBits {
		p = append(p, nil)
	}
	var own page
	if old := p[i/pageBits]; old != nil {
		own = *old
	}
	own[i%pageBits/64] |= 1 << (i % 64)
	p[i/pageBits] = &own
	return p
}
