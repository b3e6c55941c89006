//go:build !js

package badgerstore

import (
	"sync/atomic"
	"time"
)

// mapping is how the files of one open store are mapped.
type mapping struct {
	spare   string                  // file to give up for a log
	closing *atomic.Bool            // nothing waits for space any more
	fault   func(path string) error // for tests: fails mappings
}

// mappingRetry is how often a table that finds no space is tried again.
const mappingRetry = 100 * time.Millisecond
