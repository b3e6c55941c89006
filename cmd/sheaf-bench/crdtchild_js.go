package main

import "time"

// runFresh runs a work in this process, as a browser has no other: only the
// first work that is asked for runs cold.
func runFresh(w crdtWork, in *crdtInput, repeat time.Duration) (crdtResult, error) {
	return measureWork(w, in, repeat), nil
}
