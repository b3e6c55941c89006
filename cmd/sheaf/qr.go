//go:build !js

package main

import (
	"fmt"
	"io"
	"strings"

	"rsc.io/qr"
)

// quietZone is how many light modules a reader wants around a code.
const quietZone = 4

// printQR draws a QR code of text, two rows of modules a line. Colours are set
// for both kinds of module, so that it is dark on light on any terminal.
func printQR(w io.Writer, text string) error {
	code, err := qr.Encode(text, qr.L)
	if err != nil {
		return fmt.Errorf("draw QR code: %w", err)
	}
	var b strings.Builder
	for y := -quietZone; y < code.Size+quietZone; y += 2 {
		b.WriteString("\x1b[30;107m")
		for x := -quietZone; x < code.Size+quietZone; x++ {
			upper, lower := code.Black(x, y), code.Black(x, y+1) && y+1 < code.Size+quietZone
			b.WriteString(halfBlocks[[2]bool{upper, lower}])
		}
		b.WriteString("\x1b[0m\n")
	}
	_, err = io.WriteString(w, b.String())
	return err
}

// halfBlocks are the characters for an upper and a lower module, by which are
// dark.
var halfBlocks = map[[2]bool]string{
	{false, false}: " ", {true, false}: "▀", {false, true}: "▄", {true, true}: "█",
}
