//go:build unix

package crdt

import (
	"context"
	"errors"
	"syscall"
	"testing"
)

// TestLimitsOfBytes hands over very many zeros, which take no memory until they are
// read, and in which nobody may look for an update.
func TestLimitsOfBytes(t *testing.T) {
	const size = MaxUpdateBytes + 1
	zeros, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Skipf("no room for a gigabyte of zeros: %v", err)
	}
	defer syscall.Munmap(zeros)
	empty := NewDoc(Config{})
	for name, c := range map[string]struct {
		call func(b []byte) error
		most int
		want error
	}{
		"text":     {func(b []byte) error { return empty.ApplyUpdateContext(context.Background(), b, nil) }, MaxTextBytes, ErrTooLarge},
		"apply":    {func(b []byte) error { return empty.ApplyUpdate(b, nil) }, MaxTextBytes, ErrTooLarge},
		"update":   {func(b []byte) error { _, err := Inspect(b); return err }, MaxUpdateBytes, ErrMalformed},
		"snapshot": {func(b []byte) error { _, err := DecodeSnapshot(b); return err }, MaxUpdateBytes, ErrMalformed},
	} {
		if err := c.call(zeros[:c.most]); err != nil {
			t.Errorf("%s: within: %v", name, err)
		}
		if err := c.call(zeros[:c.most+1]); !errors.Is(err, c.want) {
			t.Errorf("%s: beyond: %v, want %v", name, err, c.want)
		}
	}
}
