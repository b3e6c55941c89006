//go:build !js

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/backup"
	"github.com/sheafdocs/sheaf/node/store/badgerstore"
)

var backupCommand = &command{
	name: "backup", args: "FILE [--passphrase-file FILE]", short: "write everything into an encrypted file",
	long: `Writes this device's key and all its documents into one file, encrypted with a
passphrase of its own (the age format), while the node runs or not. The file is
read back and verified before it has its name. "sheaf restore" makes a directory
of it again.`,
	setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
		file := fs.String("passphrase-file", "", "read the backup's passphrase from this `file`")
		return func(ctx context.Context, e *env, args []string) error {
			if len(args) != 1 {
				return usagef("want one file name, got %s", counted(len(args), "argument"))
			}
			return runBackup(ctx, e, args[0], *file)
		}
	},
}

func runBackup(ctx context.Context, e *env, path, passphraseFile string) (err error) {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s exists and was left alone. Choose another name", path)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	write, done, err := backupSource(ctx, e)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	passphrase, err := newPassphrase(e, passphraseFile, "Passphrase for the backup: ")
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	defer os.Remove(tmp.Name())
	err = write(passphrase, tmp)
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	sum, err := verifyFile(tmp.Name(), passphrase)
	if err != nil {
		return fmt.Errorf("the backup was written and does not verify, so it was thrown away: %w", err)
	}
	if err := errors.Join(os.Link(tmp.Name(), path), syncDir(filepath.Dir(path))); err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	fmt.Fprintf(e.stdout, "Backed up and verified: %s.\n", describeBackup(sum))
	return nil
}

// backupSource returns what writes a backup: the running node, or else the
// store, opened by this command.
func backupSource(ctx context.Context, e *env) (write func(passphrase string, w io.Writer) error, done func() error, err error) {
	c, err := connect(ctx, e)
	if err == nil {
		return func(passphrase string, w io.Writer) error {
			return c.Download(ctx, "backup", map[string]string{"passphrase": passphrase}, w)
		}, func() error { return nil }, nil
	}
	if !errors.Is(err, errNeedsNode) {
		return nil, nil, err
	}
	if !hasStore(e.dir) {
		return nil, nil, fmt.Errorf("there is nothing to back up in %s. Say with --dir where your documents are", e.dir)
	}
	key, err := openKey(e)
	if err != nil {
		return nil, nil, err
	}
	st, report, err := badgerstore.Open(badgerstore.Config{Dir: filepath.Join(e.dir, storeDirName)})
	if err != nil {
		return nil, nil, err
	}
	if !report.Clean() {
		fmt.Fprintf(e.stderr, "%s The backup holds what is left.\n", report)
	}
	return func(passphrase string, w io.Writer) error {
		_, err := backup.Write(ctx, w, passphrase, backup.Config{Key: key, Store: st, Now: time.Now()})
		return err
	}, st.Close, nil
}

func verifyFile(path, passphrase string) (backup.Summary, error) {
	f, err := os.Open(path)
	if err != nil {
		return backup.Summary{}, err
	}
	defer f.Close()
	return backup.Verify(f, passphrase, node.HomesOf)
}

func describeBackup(s backup.Summary) string {
	return fmt.Sprintf("%s, %s, %.1f MB, of device %s, made %s",
		counted(s.Documents, "document"), counted(s.Records, "record"), float64(s.Bytes)/1e6, s.Device, s.Made.Format(time.RFC3339))
}
