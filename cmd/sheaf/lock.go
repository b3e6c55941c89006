//go:build !js

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"github.com/sheafdocs/sheaf/node/api"
)

var lockCommand = &command{
	name: "lock", short: "lock the running node",
	long: `Ends what the node does and forgets the device's key, so that nothing of your
documents can be read on this device until the passphrase is given again, in
the page or to "sheaf unlock". Open pages show a lock screen; what they had shown
as saved is kept. The key needs a passphrase: "sheaf passphrase" sets it.`,
	setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
		return func(ctx context.Context, e *env, args []string) error {
			if len(args) > 0 {
				return usagef("lock takes no arguments")
			}
			c, err := connect(ctx, e)
			if err != nil {
				return err
			}
			if err := c.Call(ctx, "lock.lock", struct{}{}, nil); err != nil {
				return err
			}
			fmt.Fprintln(e.stdout, "Locked.")
			return nil
		}
	},
}

var unlockCommand = &command{
	name: "unlock", args: "[--passphrase-file FILE]", short: "unlock the running node",
	long: `Gives the running node the passphrase of the device's key. It is asked for on
the terminal, or read from a line of standard input, or from a file.`,
	setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
		file := fs.String("passphrase-file", "", "read the passphrase from this `file`")
		return func(ctx context.Context, e *env, args []string) error {
			if len(args) > 0 {
				return usagef("unlock takes no arguments")
			}
			c, err := connect(ctx, e)
			if err != nil {
				return err
			}
			var now api.LockStatus
			if err := c.Call(ctx, "lock.status", struct{}{}, &now); err != nil {
				return err
			}
			if !now.Locked {
				fmt.Fprintln(e.stdout, "It is unlocked already.")
				return nil
			}
			passphrase, err := askPassphrase(e, *file, "Passphrase: ")
			if err != nil {
				return err
			}
			if err := c.Call(ctx, "lock.unlock", map[string]string{"passphrase": passphrase}, nil); err != nil {
				return err
			}
			fmt.Fprintln(e.stdout, "Unlocked.")
			return nil
		}
	},
}

var passphraseCommand = &command{
	name: "passphrase", args: "[--remove]", short: "set or change the passphrase of this device's key",
	long: `Encrypts this device's key with a passphrase (Argon2id), or changes the one it
has. The node then starts locked. The old and the new one are asked for on the
terminal, or read from standard input, a line each (the old one only if there is
one), or from files. A forgotten passphrase cannot be recovered: keep a backup,
another device, or your recovery words. Copies that the disk kept of the key file
of before are not overwritten.`,
	setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
		remove := fs.Bool("remove", false, "take the passphrase off")
		oldFile := fs.String("passphrase-file", "", "read the present passphrase from this `file`")
		newFile := fs.String("new-passphrase-file", "", "read the new passphrase from this `file`")
		return func(ctx context.Context, e *env, args []string) error {
			if len(args) > 0 {
				return usagef("passphrase takes no arguments; it asks")
			}
			return runPassphrase(ctx, e, *remove, *oldFile, *newFile)
		}
	},
}

func runPassphrase(ctx context.Context, e *env, remove bool, oldFile, newFile string) error {
	c, err := connect(ctx, e)
	running := err == nil
	if !running && !errors.Is(err, errNeedsNode) {
		return err
	}
	if !running {
		if err := makeDir(e.dir); err != nil {
			return err
		}
		if key, err := deviceKey(e.dir); err == nil { // made now if it is a new directory
			key.Erase()
		}
	}
	protected, err := keyProtected(e.dir)
	if err != nil {
		return err
	}
	if remove && !protected {
		return errors.New("this device's key has no passphrase. Nothing was changed")
	}
	var req struct {
		Old string `json:"old"`
		New string `json:"new"`
	}
	if protected {
		if req.Old, err = askPassphrase(e, oldFile, "Present passphrase: "); err != nil {
			return err
		}
	}
	if !remove {
		if req.New, err = newPassphrase(e, newFile, "New passphrase: "); err != nil {
			return err
		}
	}
	if running {
		var st api.LockStatus
		err = c.Call(ctx, "lock.set", req, &st)
	} else {
		err = changePassphrase(e.dir, req.Old, req.New)
	}
	if err != nil {
		return err
	}
	if remove {
		fmt.Fprintln(e.stdout, "The key has no passphrase any more.")
	} else {
		fmt.Fprintln(e.stdout, "The key has a new passphrase. Do not forget it: nobody can recover it.")
	}
	return nil
}
