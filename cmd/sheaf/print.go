//go:build !js

package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// printable drops from what others wrote what would steer a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return -1
		}
		return r
	}, s)
}

// orNameless is a name for people who have told none.
func orNameless(name string) string {
	if name = printable(name); name == "" {
		return "(no name)"
	}
	return name
}

// day shows a moment in unix milliseconds; 0 is what never says.
func day(ms int64, never string) string {
	if ms == 0 {
		return never
	}
	return time.UnixMilli(ms).Format("2006-01-02 15:04")
}

// counted is "1 device" or "2 devices".
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// maxSpan bounds how long a link may be good for.
const maxSpan = 10 * 365 * 24 * time.Hour

// parseSpan reads a duration that may be in days or weeks: 7d, 2w, 12h.
func parseSpan(s string) (time.Duration, error) {
	for unit, length := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if number, ok := strings.CutSuffix(s, unit); ok {
			n, err := strconv.ParseUint(number, 10, 16)
			if err != nil || n == 0 || time.Duration(n)*length > maxSpan {
				return 0, errSpan
			}
			return time.Duration(n) * length, nil
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 || d > maxSpan {
		return 0, errSpan
	}
	return d, nil
}

var errSpan = errors.New("want a time like 7d, 2w or 12h, at most ten years")
