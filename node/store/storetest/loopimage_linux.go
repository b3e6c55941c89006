package storetest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// LoopImage is a small ext4 disk in a file, mounted at Dir. It needs root, and
// skips the test without.
type LoopImage struct {
	Dir     string // where it is mounted
	file    string // the image
	device  string // the loop device
	backing string // mount point of the tmpfs below a thin image
	mounted bool
}

// NewLoopImage makes and mounts an empty image; the test's end removes it.
func NewLoopImage(t testing.TB, sizeBytes int64) *LoopImage {
	t.Helper()
	needRoot(t)
	i := &LoopImage{file: filepath.Join(t.TempDir(), "image")}
	i.format(t, sizeBytes)
	i.mount(t)
	return i
}

// NewThinImage makes an image that believes to have sizeBytes but has only
// backingBytes below it. When these are used up (see Fail) its device answers
// writes with I/O errors, as a dying disk does.
func NewThinImage(t testing.TB, sizeBytes, backingBytes int64) *LoopImage {
	t.Helper()
	needRoot(t)
	backing := t.TempDir()
	run(t, "mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%d", backingBytes), "tmpfs", backing)
	i := &LoopImage{file: filepath.Join(backing, "image"), backing: backing}
	t.Cleanup(func() { detach(t, "umount", backing) })
	i.format(t, sizeBytes)
	i.mount(t)
	return i
}

func needRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to mount a disk image of its own")
	}
	for _, tool := range []string{"mkfs.ext4", "losetup", "mount", "umount"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs the command %s, to make a disk image", tool)
		}
	}
	if _, err := os.Stat("/dev/loop-control"); err != nil {
		t.Skip("needs loop devices, to mount a disk image of its own")
	}
}

func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// detach runs a command that may have to wait for the last user of a mount.
func detach(t testing.TB, name string, args ...string) {
	t.Helper()
	var out []byte
	var err error
	for range 50 {
		if out, err = exec.Command(name, args...).CombinedOutput(); err == nil {
			return
		}
		<-time.After(20 * time.Millisecond)
	}
	t.Errorf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
}

func (i *LoopImage) format(t testing.TB, sizeBytes int64) {
	t.Helper()
	f, err := os.Create(i.file)
	if err == nil {
		err = errors.Join(f.Truncate(sizeBytes), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	run(t, "mkfs.ext4", "-q", "-F", "-m", "0", "-E", "nodiscard,lazy_itable_init=1,lazy_journal_init=1", i.file)
}

func (i *LoopImage) mount(t testing.TB) {
	t.Helper()
	i.Dir = t.TempDir()
	i.device = run(t, "losetup", "--find", "--show", i.file)
	if out, err := exec.Command("mount", "-o", "noinit_itable", i.device, i.Dir).CombinedOutput(); err != nil {
		detach(t, "losetup", "-d", i.device)
		t.Fatalf("mount %s: %v: %s", i.file, err, out)
	}
	i.mounted = true
	t.Cleanup(func() { i.Unmount(t) })
}

// Unmount unmounts the image, as the end of the test does by itself.
func (i *LoopImage) Unmount(t testing.TB) {
	t.Helper()
	if i.mounted {
		i.mounted = false
		detach(t, "umount", i.Dir)
		detach(t, "losetup", "-d", i.device)
	}
}

// Remove unmounts the image and deletes it, before the end of the test does.
func (i *LoopImage) Remove(t testing.TB) {
	t.Helper()
	i.Unmount(t)
	if err := os.Remove(i.file); err != nil {
		t.Error(err)
	}
}

// Remount unmounts the image and mounts it again, as a restart of the machine
// would.
func (i *LoopImage) Remount(t testing.TB) {
	t.Helper()
	i.Unmount(t)
	i.mount(t)
}

// PowerLoss returns the image as a power loss at this moment would leave it:
// what was written to the device, without what the kernel still held back,
// mounted elsewhere. Whoever writes should be stopped, with SIGSTOP if it is a
// process of its own: the kernel is waited for, but not for ever.
func (i *LoopImage) PowerLoss(t testing.TB) *LoopImage {
	t.Helper()
	c := &LoopImage{file: filepath.Join(t.TempDir(), "image")}
	for range 100 {
		before := i.writes(t)
		if err := copySparse(c.file, i.file); err != nil {
			t.Fatal(err)
		}
		if i.writes(t) == before {
			c.mount(t)
			return c
		}
	}
	t.Fatal("the image does not come to rest: is the writer stopped?")
	return nil
}

// writes identifies the state of the device: the same answer twice means that
// nothing was written in between.
func (i *LoopImage) writes(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("/sys/block", filepath.Base(i.device), "stat"))
	if err != nil {
		t.Fatal(err)
	}
	f := strings.Fields(string(b))
	if len(f) < 9 {
		t.Fatalf("device state: %q", b)
	}
	return strings.Join([]string{f[4], f[6], f[8]}, " ") // writes, sectors, in flight
}

// copySparse copies a file and leaves out what was never written.
func copySparse(dst, src string) error {
	in, err := os.Open(src)
	if err != nil {
		return err
	}
	defer in.Close()
	fi, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.Create(dst)
	if err != nil {
		return err
	}
	defer out.Close()
	const seekData, seekHole = 3, 4
	for at := int64(0); at < fi.Size(); {
		from, err := in.Seek(at, seekData)
		if errors.Is(err, syscall.ENXIO) {
			break
		}
		if err != nil {
			return err
		}
		to, err := in.Seek(from, seekHole)
		if err != nil {
			return err
		}
		if _, err := in.Seek(from, io.SeekStart); err != nil {
			return err
		}
		if _, err := out.Seek(from, io.SeekStart); err != nil {
			return err
		}
		if _, err := io.CopyN(out, in, to-from); err != nil {
			return err
		}
		at = to
	}
	return out.Truncate(fi.Size())
}

const fillerName = "filler"

// Fill takes up the space of the image, as another program would, until only
// leaveBytes are free.
func (i *LoopImage) Fill(t testing.TB, leaveBytes int64) {
	t.Helper()
	if err := fill(i.Dir, leaveBytes); err != nil {
		t.Fatal(err)
	}
}

// Drain gives back what Fill took.
func (i *LoopImage) Drain(t testing.TB) {
	t.Helper()
	if err := os.Remove(filepath.Join(i.Dir, fillerName)); err != nil {
		t.Fatal(err)
	}
}

// Fail makes a thin image fail: writes to blocks it has not used before end in an
// I/O error.
func (i *LoopImage) Fail(t testing.TB) {
	t.Helper()
	if err := fill(i.backing, 0); err != nil {
		t.Fatal(err)
	}
}

// Heal ends Fail. A file system that has turned read-only stays so until Remount.
func (i *LoopImage) Heal(t testing.TB) {
	t.Helper()
	if err := os.Remove(filepath.Join(i.backing, fillerName)); err != nil {
		t.Fatal(err)
	}
}

// fill gives a file in dir the space there until only leave bytes are free: at
// once, which is harder on others than a program that writes.
func fill(dir string, leave int64) error {
	f, err := os.OpenFile(filepath.Join(dir, fillerName), os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	const smallest = 4096
	for part := int64(1); ; {
		fi, err := f.Stat()
		if err != nil {
			return err
		}
		var st syscall.Statfs_t
		if err := syscall.Statfs(dir, &st); err != nil {
			return err
		}
		n := (int64(st.Bavail)*st.Bsize - leave) / part
		if n < smallest {
			return nil
		}
		switch err := syscall.Fallocate(int(f.Fd()), 0, fi.Size(), n); {
		case errors.Is(err, syscall.ENOSPC):
			part *= 2 // the file system needs some of it for itself
		case errors.Is(err, syscall.EINTR), err == nil:
		default:
			return err
		}
	}
}
