package badgerstore

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
	_ "unsafe" // for go:linkname

	"golang.org/x/sys/unix"
)

// Badger makes its files as holes and writes them through memory maps. When the
// disk is full, the first write into a hole is not an error: the kernel ends the
// process with SIGBUS, in a goroutine of Badger's where nothing can be caught. No
// check of free space beforehand is enough, as another program may take it in
// between.
//
// So every file of Badger's gets its disk blocks before it is mapped. Then a full
// disk is an error of the mapping, which Badger returns or tries again after. For
// that, the function that golang.org/x/sys/unix calls to map a file is wrapped;
// Badger offers no place to do it. Only files in an open store's directory are
// treated so. A table waits for space: Badger writes them in the background. A log
// cannot wait, and without one Badger could not even read; so the spare file, which
// is there whenever a group is written, is given up for it.
// TestMappingIsReserved fails should a later version of x/sys or
// Badger map files in another way.

// mapperOfUnix has the first fields of x/sys/unix's mmapper.
type mapperOfUnix struct {
	sync.Mutex
	_    map[*byte][]byte
	mmap func(addr, length uintptr, prot, flags, fd int, offset int64) (uintptr, error)
}

//go:linkname mapper golang.org/x/sys/unix.mapper
var mapper *mapperOfUnix

var (
	wrapOnce sync.Once
	// reserved holds the directories in which mapped files get their blocks first.
	reserved sync.Map // string → *mapping
)

// reserveMappings makes mappings of files in dir safe from a full disk.
func reserveMappings(dir, spare string, closing *atomic.Bool) (*mapping, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, err
	}
	m := &mapping{spare: spare, closing: closing}
	reserved.Store(dir, m)
	wrapOnce.Do(func() {
		mapFile := mapper.mmap
		mapper.mmap = func(addr, length uintptr, prot, flags, fd int, offset int64) (uintptr, error) {
			if prot&unix.PROT_WRITE != 0 && flags&unix.MAP_SHARED != 0 && fd >= 0 {
				if err := reserveMapping(fd, offset+int64(length)); err != nil {
					return 0, err
				}
			}
			return mapFile(addr, length, prot, flags, fd, offset)
		}
	})
	return m, nil
}

// reserveMapping reserves the blocks of a file if it is one of ours.
func reserveMapping(fd int, n int64) error {
	path, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
	if err != nil {
		return nil // not a file with a name, or no /proc: not protected
	}
	m, ok := reserved.Load(filepath.Dir(path))
	if !ok {
		return nil
	}
	return m.(*mapping).reserve(path, fd, n)
}

func (m *mapping) reserve(path string, fd int, n int64) error {
	if m.fault != nil {
		if err := m.fault(path); err != nil {
			return err
		}
	}
	err := reserveBlocks(fd, n)
	switch filepath.Ext(path) {
	case walSuffix:
		if isFull(err) && os.Remove(m.spare) == nil {
			err = reserveBlocks(fd, n)
		}
	case tableSuffix:
		for isFull(err) && !m.closing.Load() {
			time.Sleep(mappingRetry)
			err = reserveBlocks(fd, n)
		}
	}
	return err
}

// stillJournals says whether the file system still takes changes. When its journal
// ends by an error, ext4 may not be able to note that blocks of a log were written, and
// then the flush of the log says nothing of it, but another change fails. So one is
// made after each flush: the lock's first block, which it has, is asked for.
func (s *Store) stillJournals() error { return reserveBlocks(int(s.lock.Fd()), 1) }

// reserveBlocks gives the first n bytes of a file disk blocks of its own without
// changing its size or content. A file system that cannot do this is no error:
// then only the check of free space protects.
func reserveBlocks(fd int, n int64) error {
	err := unix.Fallocate(fd, unix.FALLOC_FL_KEEP_SIZE, 0, n)
	for errors.Is(err, unix.EINTR) {
		err = unix.Fallocate(fd, unix.FALLOC_FL_KEEP_SIZE, 0, n)
	}
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		return nil
	}
	return err
}
