//go:build !linux && !js

package badgerstore

import "sync/atomic"

// reserveMappings does nothing here: only the check of free space protects from a
// disk that fills up while Badger writes.
func reserveMappings(dir, spare string, closing *atomic.Bool) (*mapping, error) {
	return &mapping{}, nil
}

// reserveBlocks does nothing here.
func reserveBlocks(int, int64) error { return nil }

// stillJournals is for a fault of a Linux file system.
func (s *Store) stillJournals() error { return nil }
