//go:build !unix

package main

import "time"

// cpuTime returns the time that has passed: WebAssembly has one thread, and
// nothing tells its share of the processor.
func cpuTime() time.Duration { return time.Since(started) }

var started = time.Now()
