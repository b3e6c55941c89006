package sorting

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

type card struct{ rank, drawn int }

func byRank(a, b card) int { return cmp.Compare(a.rank, b.rank) }

func TestStable(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for range 2000 {
		cards := make([]card, r.IntN(70))
		ranks := 1 + r.IntN(40)
		for i := range cards {
			cards[i] = card{r.IntN(ranks), i}
			if i > 0 && r.IntN(3) > 0 { // runs in order
				cards[i].rank = cards[i-1].rank + r.IntN(2)
			}
		}
		want := slices.Clone(cards)
		slices.SortStableFunc(want, byRank)
		got := slices.Clone(cards)
		if Stable(got, byRank); !slices.Equal(got, want) {
			t.Fatalf("seed %d: %v\nsorted %v\nwant   %v", seed, cards, got, want)
		}
	}
}

func TestInOrderTakesNoMemory(t *testing.T) {
	cards := make([]card, 1000)
	for i := range cards {
		cards[i] = card{i / 3, i}
	}
	if n := testing.AllocsPerRun(10, func() { Stable(cards, byRank) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
