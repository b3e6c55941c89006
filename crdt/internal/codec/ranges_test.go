package codec

import (
	"math/rand/v2"
	"testing"
)

// TestRangesAndUnits compares a normalized delete set with a set of single units.
func TestRangesAndUnits(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for range 500 {
		var ranges Ranges
		units := map[ID]bool{}
		for n := r.IntN(60); len(ranges) < n; {
			x := Range{r.Uint64N(4), r.Uint64N(100), 1 + r.Uint64N(3)}
			if len(ranges) > 0 && r.IntN(2) > 0 { // runs in order
				last := ranges[len(ranges)-1]
				x.Client, x.Clock = last.Client, last.End()+r.Uint64N(3)
			}
			ranges = append(ranges, x)
			for clock := x.Clock; clock < x.End(); clock++ {
				units[ID{x.Client, clock}] = true
			}
		}
		ranges = ranges.Normalize()
		for i := 1; i < len(ranges); i++ {
			a, b := ranges[i-1], ranges[i]
			if a.Client < b.Client || a.Client == b.Client && a.End() >= b.Clock {
				t.Fatalf("seed %d: %v before %v", seed, a, b)
			}
		}
		for client := range uint64(5) {
			from, to := ranges.OfClient(client)
			for i, x := range ranges {
				if (from <= i && i < to) != (x.Client == client) {
					t.Fatalf("seed %d: ranges of %d are from %d to %d, of %v", seed, client, from, to, ranges)
				}
			}
			for clock := range uint64(300) {
				if id := (ID{client, clock}); ranges.Has(client, clock) != units[id] {
					t.Fatalf("seed %d: %v in %v: not %v", seed, id, ranges, units[id])
				}
			}
		}
	}
}
