package main

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func TestScaleJudges(t *testing.T) {
	for _, test := range []struct {
		name      string
		yardstick bool
		cost      func(n float64) (float64, error)
		want      string // the error; "": none
	}{
		{name: "in proportion", cost: func(n float64) (float64, error) { return 7 * n, nil }},
		{name: "a little more", cost: func(n float64) (float64, error) { return math.Pow(n, 1.07), nil }},
		{name: "n log n", cost: func(n float64) (float64, error) { return n * math.Log(n), nil },
			want: "10000 costs 13.3 times as much as 1000, 100000 costs 12.5 times as much as 10000; 12 times would do"},
		{name: "quadratic at first", cost: func(n float64) (float64, error) { return min(n*n, 1e4*n), nil },
			want: "10000 costs 100.0 times as much as 1000; 12 times would do"},
		{name: "quadratic at last", cost: func(n float64) (float64, error) { return 1e5*n + n*n, nil },
			want: "100000 costs 18.2 times as much as 10000; 12 times would do"},
		{name: "quadratic yardstick", yardstick: true, cost: func(n float64) (float64, error) { return n * n, nil }},
		{name: "failing", cost: func(n float64) (float64, error) { return 0, errors.New("wrong text") },
			want: "at size 1000: wrong text"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := scaleWork{name: test.name, size: 1000, yardstick: test.yardstick}
			r := w.measure(1, scaleCost{of: func(_ scaleWork, n int) (float64, error) { return test.cost(float64(n)) }})
			if r.OK != (test.want == "") || r.Error != test.want {
				t.Errorf("OK %v, %q; want %q; costs %v", r.OK, r.Error, test.want, r.Cost)
			}
		})
	}
}

// TestInstructions counts what two hundred and two thousand edits take: many
// instructions, and about ten times as many.
func TestInstructions(t *testing.T) {
	if testing.Short() {
		t.Skip("counting instructions is slow")
	}
	if err := canCountInstructions(); err != nil {
		t.Skip(err)
	}
	w := scaleWork{name: "same-map-key", size: 200}
	count := func(n int) float64 {
		c, err := instructions(w, n)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	few, many := count(200), count(2000)
	if few < 200*100 {
		t.Errorf("200 edits take %v instructions, which is not possible", few)
	}
	if ratio := many / few; ratio < 5 || ratio > 20 {
		t.Errorf("2,000 edits take %.1f times as many instructions as 200", ratio)
	}
	if _, err := instructions(scaleWork{name: "nothing"}, 1); err == nil || !strings.Contains(err.Error(), `there is no workload "nothing"`) {
		t.Errorf("an unknown workload: %v", err)
	}
}
