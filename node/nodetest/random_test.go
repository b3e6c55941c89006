package nodetest

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"
)

var (
	seeds = flag.Int("seeds", 100, "how many random schedules to run")
	seed  = flag.Uint64("seed", 0, "run only this schedule")
)

// TestF02F05F07F09RandomSchedules lets three nodes edit one document through
// partitions, restarts, duplicated and reordered delivery, with clocks that
// are up to a year apart, and checks that all end equal with every word.
func TestF02F05F07F09RandomSchedules(t *testing.T) {
	from, to := uint64(1), uint64(*seeds)
	if *seed > 0 {
		from, to = *seed, *seed
	}
	for s := from; s <= to; s++ {
		t.Run(fmt.Sprintf("seed=%d", s), func(t *testing.T) {
			Run(t, s, 3, func(w *World) { runSchedule(w) })
		})
	}
}

// skews are the errors of the nodes' clocks.
var skews = []time.Duration{0, -24 * time.Hour, 365 * 24 * time.Hour, -time.Hour}

func runSchedule(w *World) {
	ctx := context.Background()
	id := w.Share(ctx)
	var words []string
	const steps = 30
	for i := range steps {
		p := w.Peers[w.Rand.IntN(len(w.Peers))]
		switch k := w.Rand.IntN(20); {
		case k < 10:
			word := fmt.Sprintf("<%d.%d>", p.index, i)
			p.Insert(ctx, id, wordPlace(w, p.Document(id).Text()), word)
			words = append(words, word)
		case k < 12:
			// Only what no word needs is deleted: the marks between words.
			p.Insert(ctx, id, 0, "~~~~")
			p.Delete(ctx, id, 0, 2)
		case k < 14:
			p.SetOffline(ctx, !p.Offline())
		case k < 16:
			p.Crash()
			p.Skew = skews[w.Rand.IntN(len(skews))]
			p.Start()
		case k < 18:
			if from := w.Peers[w.Rand.IntN(len(w.Peers))]; from != p {
				p.Replay(ctx, from, id)
			}
		default:
			time.Sleep(time.Duration(w.Rand.IntN(3000)) * time.Millisecond)
		}
	}
	for _, p := range w.Peers {
		p.SetOffline(ctx, false)
	}
	w.CheckEqual(id)
	text := w.Peers[0].Document(id).Text()
	for _, word := range words {
		if strings.Count(text, word) != 1 {
			w.T.Errorf("word %s is there %d times, want once, in %q", word, strings.Count(text, word), text)
		}
	}
}

// wordPlace picks a place between words, so that words stay whole.
func wordPlace(w *World, text string) int {
	places := []int{0, len(text)}
	for i, c := range text {
		if c == '>' {
			places = append(places, i+1)
		}
	}
	return places[w.Rand.IntN(len(places))]
}
