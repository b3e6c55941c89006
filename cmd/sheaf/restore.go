//go:build !js

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/backup"
	"github.com/sheafdocs/sheaf/node/store/badgerstore"
)

var restoreCommand = &command{
	name: "restore", args: "FILE [--passphrase-file FILE]", short: "make a directory of a backup",
	long: `Verifies a backup to its end and makes the data directory of it, which must not
exist or be empty. The device is the one that was backed up: what it wrote after
the backup comes back from those who have it. Never run both it and the restored
one: two devices with one key get into each other's way. The key in the restored
directory has no passphrase; "sheaf passphrase" sets one.`,
	setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
		file := fs.String("passphrase-file", "", "read the backup's passphrase from this `file`")
		return func(ctx context.Context, e *env, args []string) error {
			if len(args) != 1 {
				return usagef("want one file, got %s", counted(len(args), "argument"))
			}
			return runRestore(ctx, e, args[0], *file)
		}
	},
}

func runRestore(ctx context.Context, e *env, path, passphraseFile string) error {
	if names, err := os.ReadDir(e.dir); err == nil && len(names) > 0 {
		return fmt.Errorf("%s is not empty and was left alone. Restore into a new directory, with --dir", e.dir)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("read backup: %w", err)
	}
	passphrase, err := askPassphrase(e, passphraseFile, "Passphrase of the backup: ")
	if err != nil {
		return err
	}
	if _, err := verifyFile(path, passphrase); err != nil {
		return err
	}
	parent := filepath.Dir(e.dir)
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	tmp, err := os.MkdirTemp(parent, filepath.Base(e.dir)+".restoring-*") // mode 0700
	if err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	defer os.RemoveAll(tmp)
	sum, err := restoreInto(ctx, path, passphrase, tmp)
	if err != nil {
		return err
	}
	if err := os.Remove(e.dir); err != nil && !errors.Is(err, fs.ErrNotExist) { // an empty one
		return fmt.Errorf("make data directory: %w", err)
	}
	if err := errors.Join(os.Rename(tmp, e.dir), syncDir(parent)); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	fmt.Fprintf(e.stdout, "Restored and verified: %s.\n", describeBackup(sum))
	return nil
}

// restoreInto makes the key and the store of a backup in dir.
func restoreInto(ctx context.Context, path, passphrase, dir string) (sum backup.Summary, err error) {
	f, err := os.Open(path)
	if err != nil {
		return sum, fmt.Errorf("read backup: %w", err)
	}
	defer f.Close()
	st, _, err := badgerstore.Open(badgerstore.Config{Dir: filepath.Join(dir, storeDirName)})
	if err != nil {
		return sum, err
	}
	key, sum, err := backup.Restore(ctx, f, passphrase, node.HomesOf, st)
	if err = errors.Join(err, st.Close()); err != nil {
		return sum, err
	}
	b, err := key.Marshal()
	if err != nil {
		return sum, fmt.Errorf("write device key: %w", err)
	}
	if err := writeKey(filepath.Join(dir, keyFileName), b); err != nil {
		return sum, fmt.Errorf("write device key: %w", err)
	}
	return sum, nil
}
