//go:build !js

package main

// runNative runs the commands that need processes and a network.
func runNative(args []string) (done bool, err error) {
	switch args[0] {
	case "replay":
		return true, replay(args[1:])
	case "replay-node": // a node of a replay, started by it
		return true, replayNode(args[1:])
	case "open":
		return true, open(args[1:])
	case "open-node": // a process that opens a store, started by it
		return true, openNode(args[1:])
	case "scale-run": // a process whose instructions are counted, started by scale
		return true, scaleRun(args[1:])
	}
	return false, nil
}
