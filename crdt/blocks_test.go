package crdt

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestBlockList compares a list in blocks with a plain one, under insertions in
// three orders and removals.
func TestBlockList(t *testing.T) {
	for name, next := range map[string]func(r *rand.Rand, i int) int{
		"ascending":  func(_ *rand.Rand, i int) int { return i },
		"descending": func(_ *rand.Rand, i int) int { return -i },
		"random":     func(r *rand.Rand, _ int) int { return r.IntN(1 << 20) },
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			var list blockList[int]
			var want []int
			for i := range 4000 {
				x := next(r, i)
				block, at := list.search(func(y int) bool { return y < x })
				plain, known := slices.BinarySearch(want, x)
				if block < len(list) && list[block][at] == x != known {
					t.Fatalf("step %d: %d is known: %v", i, x, known)
				}
				if b, j, ok := list.prev(block, at); ok != (plain > 0) || ok && list[b][j] != want[plain-1] {
					t.Fatalf("step %d: wrong element before %d", i, x)
				}
				if known {
					continue
				}
				list.insert(block, at, x)
				want = slices.Insert(want, plain, x)
				if i%3 == 0 {
					block := r.IntN(len(list))
					from := r.IntN(len(list[block]))
					to := min(len(list[block]), from+1+r.IntN(3))
					first, _ := slices.BinarySearch(want, list[block][from])
					list.remove(block, from, to)
					want = slices.Delete(want, first, first+to-from)
				}
			}
			if len(list) < 4 {
				t.Errorf("only %d blocks", len(list))
			}
			if i := slices.IndexFunc(list, func(b []int) bool { return len(b) == 0 || len(b) > blockLen }); i >= 0 {
				t.Errorf("block %d has %d elements", i, len(list[i]))
			}
			if got := slices.Concat(list...); slices.CompareFunc(got, want, cmp.Compare[int]) != 0 {
				t.Errorf("%d elements, %d expected, or in another order", len(got), len(want))
			}
		})
	}
}
