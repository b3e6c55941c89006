// Command sheaf-bench replays recorded editing histories through real nodes
// and prints what it measured as JSON, so that anyone can check our claims.
//
//	sheaf-bench replay --trace FILE --nodes N --json
//
// It promises that every figure is measured in the run that prints it, and
// that the exit status is 1 when a node ends with a wrong text.
package main

import (
	"errors"
	"fmt"
	"os"
)

// errWrongText ends a run whose nodes do not hold the expected text.
var errWrongText = errors.New("a node holds a wrong text")

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "sheaf-bench:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return errors.New(usage)
	}
	switch args[0] {
	case "replay":
		return replay(args[1:])
	case "replay-node": // a node of a replay, started by it
		return replayNode(args[1:])
	}
	return fmt.Errorf("no command %q\n%s", args[0], usage)
}

const usage = `usage: sheaf-bench replay --trace FILE [--nodes N] [--dir DIR] [--json]

  replay   run a recorded history through N nodes, each a process of its own,
           over loopback, and compare every node's text with the history's end`
