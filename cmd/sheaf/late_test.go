//go:build !js

package main

import (
	"strings"
	"testing"
)

// TestExportOfARemovedCopyHasWhatWasTypedTooLate: an editor types offline, is
// removed meanwhile, and exports its copy afterwards: with every word of its
// own, and a line on stderr about those that others do not see.
func TestExportOfARemovedCopyHasWhatWasTypedTooLate(t *testing.T) {
	owner, editor := serveIn(t, t.TempDir()), serveIn(t, t.TempDir())
	id := owner.create(t, "Plan")
	editor.joinFrom(t, owner, id)
	page, err := openTypist(t.Context(), editor, id)
	if err != nil {
		t.Fatal(err)
	}
	go page.listen(t.Context())
	if err := page.write(t.Context()); err != nil {
		t.Fatal(err)
	}
	owner.awaitText(t, id, words(1))
	offline := func(off bool) {
		t.Helper()
		if err := editor.Call(t.Context(), "network.set", map[string]bool{"offline": off}, nil); err != nil {
			t.Fatal(err)
		}
	}
	offline(true)
	for range 3 {
		if err := page.write(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	page.waitSaved(t, 4)
	var who struct{ Device string }
	if err := editor.Call(t.Context(), "status", struct{}{}, &who); err != nil {
		t.Fatal(err)
	}
	if out, errs, err := sheaf(t, "--dir", owner.dir, "revoke", id, who.Device); err != nil {
		t.Fatalf("revoke: %v: %s%s", err, out, errs)
	}
	offline(false)
	editor.awaitText(t, id, words(1)+"\n\n"+strings.TrimPrefix(words(4), words(1))+"\n")
	for _, format := range []string{"txt", "json"} {
		out, errs, err := sheaf(t, "--dir", editor.dir, "export", id, "--format", format)
		if err != nil || !strings.Contains(out, strings.TrimPrefix(words(4), words(1))) {
			t.Errorf("export as %s: %v: %q", format, err, out)
		}
		if !strings.Contains(errs, "that others do not see") || strings.Contains(errs, "Not in it") {
			t.Errorf("export as %s said: %q", format, errs)
		}
	}
}
