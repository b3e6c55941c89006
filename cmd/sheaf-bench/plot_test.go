package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPlot(t *testing.T) {
	in, out := filepath.Join(t.TempDir(), "in.json"), filepath.Join(t.TempDir(), "out.svg")
	const report = `{"machine":{"platform":"p","cpus":2,"time":"2026-11-25T00:00:00Z"},"engines":[{"name":"a"},{"name":"b<"}],
		"results":[{"work":"w","goal":0.6,"by":{"a":{"ok":true,"cpu_ms_warm":2},"b<":{"ok":false,"error":"too slow"}}},
		{"work":"size","goal":300,"goal_of":"bytes","by":{"a":{"ok":true,"cpu_ms_warm":3}}}]}`
	if err := os.WriteFile(in, []byte(report), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{"plot", "--in", in, "--out", out}); err != nil {
		t.Fatal(err)
	}
	svg, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	d := xml.NewDecoder(strings.NewReader(string(svg)))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the plot is no XML: %v", err)
		}
	}
	if n := strings.Count(string(svg), "a: 2.00 ms"); n != 1 {
		t.Errorf("%d dots of the one that was done", n)
	}
	if strings.Contains(string(svg), "size</text>") {
		t.Error("a work that is not about time has a row")
	}
	if strings.Contains(string(svg), "<title>b") || strings.Count(string(svg), `class="goal"`) != 1 {
		t.Error("a dot of what was not done, or no goal")
	}
	if err := run([]string{"plot", "--in", out, "--out", in}); err == nil {
		t.Error("an SVG was taken for results")
	}
}
