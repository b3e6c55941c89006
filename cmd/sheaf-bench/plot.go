package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"html"
	"math"
	"os"
	"slices"
	"strings"
)

// peersReport is what `make bench-peers` writes.
type peersReport struct {
	Machine struct {
		Platform string `json:"platform"`
		CPUs     int    `json:"cpus"`
		Time     string `json:"time"`
	} `json:"machine"`
	Engines []struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	} `json:"engines"`
	Results []peersRow `json:"results"`
}

// peersRow is one work, done by each engine.
type peersRow struct {
	Work   string                `json:"work"`
	Goal   float64               `json:"goal"`
	GoalOf string                `json:"goal_of"`
	By     map[string]crdtResult `json:"by"`
}

// plotCommand draws the report of `make bench-peers`.
func plotCommand(args []string) error {
	fs := flag.NewFlagSet("plot", flag.ContinueOnError)
	in := fs.String("in", "", "the `file` that make bench-peers wrote")
	out := fs.String("out", "", "the SVG `file` to write")
	if err := parse(fs, args); err != nil {
		return err
	}
	if *in == "" || *out == "" {
		return errors.New("plot: --in FILE and --out FILE are needed")
	}
	raw, err := os.ReadFile(*in)
	if err != nil {
		return fmt.Errorf("read results: %w", err)
	}
	var r peersReport
	if err := json.Unmarshal(raw, &r); err != nil {
		return fmt.Errorf("read results %s: %w", *in, err)
	}
	r.Results = slices.DeleteFunc(r.Results, func(row peersRow) bool { return row.GoalOf == "bytes" }) // not timed
	if len(r.Results) == 0 || len(r.Engines) == 0 {
		return fmt.Errorf("%s holds no results of time", *in)
	}
	if err := os.WriteFile(*out, []byte(r.svg()), 0o666); err != nil {
		return fmt.Errorf("write plot: %w", err)
	}
	return nil
}

// Sizes of the plot, in pixels.
const (
	plotLeft, plotRight, plotTop = 130, 40, 84
	plotWidth, plotRow           = 620, 30
)

// engineColours are for light and dark grounds alike.
var engineColours = []string{"#d6336c", "#e8a0b8", "#2b8a9e", "#b8860b", "#6b7fd7", "#5b9a4a"}

const plotStyle = `text{font:13px system-ui,sans-serif;fill:#333}.faint{fill:#777}line{stroke:#8884}.goal{stroke:#777;stroke-width:2}rect{fill:#fff}` +
	`@media(prefers-color-scheme:dark){text{fill:#ddd}.faint{fill:#999}rect{fill:#16181c}}`

// svg draws a row of dots for each work, on a logarithmic scale of time.
func (r *peersReport) svg() string {
	low, high := math.Inf(1), 0.0
	for _, row := range r.Results {
		if row.Goal > 0 {
			low = min(low, row.Goal)
		}
		for _, x := range row.By {
			if x.OK {
				low, high = min(low, x.Warm), max(high, x.Warm)
			}
		}
	}
	from, to := math.Floor(math.Log10(low)), math.Ceil(math.Log10(high))
	at := func(ms float64) float64 { return plotLeft + plotWidth*(math.Log10(ms)-from)/max(1, to-from) }
	bottom := plotTop + plotRow*len(r.Results)
	var b strings.Builder
	text := func(x, y float64, anchor, class, s string) {
		fmt.Fprintf(&b, `<text x="%.0f" y="%.0f" text-anchor="%s" class="%s">%s</text>`+"\n", x, y, anchor, class, html.EscapeString(s))
	}
	width, height := plotLeft+plotWidth+plotRight, bottom+56
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img"><title>Processor time of merge engines at the same work</title><style>%s</style><rect width="100%%" height="100%%"/>`+"\n", width, height, plotStyle)
	text(16, 26, "start", "", "Processor time at the same work, in milliseconds (log scale; left is faster)")
	for i, e := range r.Engines {
		x := 22 + float64(i)*124
		fmt.Fprintf(&b, `<circle cx="%.0f" cy="48" r="6" fill="%s"/>`, x, engineColours[i%len(engineColours)])
		text(x+11, 53, "start", "", e.Name)
	}
	for p := from; p <= to; p++ {
		x := at(math.Pow(10, p))
		fmt.Fprintf(&b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d"/>`, x, plotTop-8, x, bottom)
		text(x, float64(bottom)+18, "middle", "faint", fmt.Sprint(math.Pow(10, p)))
	}
	for i, row := range r.Results {
		y := float64(plotTop + plotRow*i + plotRow/2)
		text(plotLeft-14, y+4, "end", "", row.Work)
		fmt.Fprintf(&b, `<line x1="%d" y1="%.0f" x2="%d" y2="%.0f"/>`, plotLeft, y, plotLeft+plotWidth, y)
		if row.Goal > 0 {
			fmt.Fprintf(&b, `<line class="goal" x1="%.1f" y1="%.0f" x2="%.1f" y2="%.0f"/>`, at(row.Goal), y-9, at(row.Goal), y+9)
		}
		for k := len(r.Engines) - 1; k >= 0; k-- { // ours on top
			if x := row.By[r.Engines[k].Name]; x.OK {
				fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.0f" r="6" fill="%s"><title>%s: %.2f ms</title></circle>`+"\n", at(x.Warm), y, engineColours[k%len(engineColours)], html.EscapeString(r.Engines[k].Name), x.Warm)
			}
		}
	}
	text(16, float64(height)-12, "start", "faint", fmt.Sprintf("Upright mark: our goal. No dot: not done, see benchmarks.md. %s, %d CPUs, %.10s", r.Machine.Platform, r.Machine.CPUs, r.Machine.Time))
	b.WriteString("</svg>\n")
	return b.String()
}
