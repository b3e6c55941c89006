// Command sheaf-bench replays recorded editing histories through real nodes,
// times what signs, encrypts, decides and merges, and prints what it measured as JSON,
// so that anyone can check our claims.
//
//	sheaf-bench replay --trace FILE --nodes N --json
//	sheaf-bench open --trace FILE --json
//	sheaf-bench crypto --json
//	sheaf-bench crdt --work all --json
//	sheaf-bench scale --json
//
// Compiled for js/wasm it has all but the first two, and counts no instructions.
//
// It promises that every figure is measured in the run that prints it, and
// that the exit status is 1 when a node or a document ends with a wrong text.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "sheaf-bench:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return errors.New(usage)
	}
	switch args[0] {
	case "help", "--help", "-help", "-h":
		fmt.Println(usage)
		return nil
	case "crypto":
		return crypto(args[1:])
	case "crdt":
		return crdtCommand(args[1:])
	case "scale":
		return scaleCommand(args[1:])
	case "plot":
		return plotCommand(args[1:])
	}
	if done, err := runNative(args); done {
		return err
	}
	return fmt.Errorf("no command %q\n%s", args[0], usage)
}

// parse reads the flags of a command, which takes nothing else. Asked for help it
// prints them and returns flag.ErrHelp, which is no failure.
func parse(fs *flag.FlagSet, args []string) error {
	fs.SetOutput(io.Discard) // the error says it; once is enough
	err := fs.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Printf("usage: sheaf-bench %s [FLAGS]\n", fs.Name())
		fs.SetOutput(os.Stdout)
		fs.PrintDefaults()
		return err
	case err != nil:
		return fmt.Errorf("%s: %w; sheaf-bench %s --help lists the flags", fs.Name(), err, fs.Name())
	case fs.NArg() > 0:
		return fmt.Errorf("%s: unexpected %q", fs.Name(), fs.Arg(0))
	}
	return nil
}

const usage = `usage: sheaf-bench replay --trace FILE [--nodes N] [--dir DIR] [--timeout TIME] [--json]
       sheaf-bench open --trace FILE [--edits-per-entry N] [--without-view] [--runs N] [--idle N] [--json]
       sheaf-bench crypto [--json]
       sheaf-bench crdt [--work NAME] [--trace FILE] [--traces DIR] [--time TIME] [--json]
       sheaf-bench crdt --list [--work NAME]
       sheaf-bench crdt --inputs DIR [--work NAME] [--trace FILE] [--traces DIR]
       sheaf-bench crdt --input FILE [--time TIME]
       sheaf-bench scale [--instructions] [--work NAME] [--times FACTOR] [--json]
       sheaf-bench plot --in FILE --out FILE

  replay   run a recorded history through N nodes, each a process of its own,
           over loopback, and compare every node's text with the history's end
  open     keep a recorded history in a store, and time processes that open it
           until the text shows and until it can be edited; weigh idle documents
  crypto   time signatures, encryption, wraps, verification of entries, and the
           decisions of the access log
  crdt     time the merge engine at recorded and made-up histories, look at the
           memory it takes, and check the text it ends in; or list the works and
           their goals, write their inputs to files, run one on such a file
  scale    run editing patterns at one, ten and a hundred times a size, and fail
           where ten times the size takes more than twelve times as long or,
           with --instructions, as many instructions (by valgrind); beside them
           two yardsticks, which are not judged: a plain list and a plain map
  plot     draw what make bench-peers measured, as SVG

"sheaf-bench COMMAND --help" tells of its flags`
