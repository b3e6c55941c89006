//go:build !js

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/sheafdocs/sheaf/node/identity"
)

// maxPassphraseFileBytes bounds a file with a passphrase.
const maxPassphraseFileBytes = 4 << 10

// openKey reads the directory's device key, and asks for its passphrase if it
// has one.
func openKey(e *env) (*identity.Key, error) {
	key, err := deviceKey(e.dir)
	if !errors.Is(err, identity.ErrLocked) {
		return key, err
	}
	passphrase, err := askPassphrase(e, "", "Passphrase of this device's key: ")
	if err != nil {
		return nil, err
	}
	return unlockKey(e.dir, passphrase)
}

// askPassphrase reads a passphrase from a file, or asks for it on the terminal
// without showing it, or reads a line of standard input where that is none.
func askPassphrase(e *env, file, prompt string) (string, error) {
	if file != "" {
		return readPassphraseFile(file)
	}
	if e.stdin == nil {
		return "", errors.New("a passphrase is needed, and there is nowhere to ask for it. Nothing was changed. Use --passphrase-file")
	}
	if fd := int(e.stdin.Fd()); term.IsTerminal(fd) {
		fmt.Fprint(e.stderr, prompt)
		b, err := term.ReadPassword(fd)
		fmt.Fprintln(e.stderr)
		if err != nil {
			return "", fmt.Errorf("read passphrase: %w", err)
		}
		return string(b), nil
	}
	if e.lines == nil {
		e.lines = bufio.NewReader(io.LimitReader(e.stdin, maxPassphraseFileBytes))
	}
	line, err := e.lines.ReadString('\n')
	if err != nil && (line == "" || !errors.Is(err, io.EOF)) {
		return "", errors.New("a passphrase is needed, and standard input ends before one. Nothing was changed. Use --passphrase-file, or a terminal")
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// newPassphrase asks for a new passphrase, twice on a terminal.
func newPassphrase(e *env, file, prompt string) (string, error) {
	first, err := askPassphrase(e, file, prompt)
	if err != nil {
		return "", err
	}
	if n := len(first); n < identity.MinPassphraseBytes || n > identity.MaxPassphraseBytes {
		return "", fmt.Errorf("%w; this one has %d. Nothing was changed", identity.ErrPassphraseLength, n)
	}
	if file != "" || e.stdin == nil || !term.IsTerminal(int(e.stdin.Fd())) {
		return first, nil
	}
	again, err := askPassphrase(e, "", "The same again: ")
	if err != nil {
		return "", err
	}
	if again != first {
		return "", errors.New("the two passphrases differ. Nothing was changed. Try again")
	}
	return first, nil
}

// readPassphraseFile returns the first line of a file.
func readPassphraseFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read passphrase: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxPassphraseFileBytes))
	if err != nil {
		return "", fmt.Errorf("read passphrase: %w", err)
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimSuffix(line, "\r"), nil
}
