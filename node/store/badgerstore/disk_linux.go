package badgerstore

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// reserveBlocks gives the first n bytes of a file disk blocks of its own without
// changing its size, so that writing there cannot run out of space. A file system
// that cannot do this is no error: then only the check of free space protects.
func reserveBlocks(f *os.File, n int64) error {
	err := unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, n)
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		return nil
	}
	return err
}
