// Command sheaf-bench replays recorded editing histories through real nodes,
// times what signs, encrypts and decides, and prints what it measured as JSON,
// so that anyone can check our claims.
//
//	sheaf-bench replay --trace FILE --nodes N --json
//	sheaf-bench crypto --json
//
// Compiled for js/wasm it has the second command only.
//
// It promises that every figure is measured in the run that prints it, and
// that the exit status is 1 when a node ends with a wrong text.
package main

import (
	"errors"
	"fmt"
	"os"
)

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
	if args[0] == "crypto" {
		return crypto(args[1:])
	}
	if done, err := runNative(args); done {
		return err
	}
	return fmt.Errorf("no command %q\n%s", args[0], usage)
}

const usage = `usage: sheaf-bench replay --trace FILE [--nodes N] [--dir DIR] [--json]
       sheaf-bench crypto [--json]

  replay   run a recorded history through N nodes, each a process of its own,
           over loopback, and compare every node's text with the history's end
  crypto   time signatures, encryption, wraps, verification of entries, and the
           decisions of the access log`
