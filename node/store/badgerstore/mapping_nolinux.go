//go:build !linux && !js

package badgerstore

// reserveMappings does nothing here: only the check of free space protects from a
// disk that fills up while Badger writes.
func reserveMappings(string) error { return nil }

// reserveBlocks does nothing here.
func reserveBlocks(int, int64) error { return nil }
