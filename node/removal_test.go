//go:build !js

package node_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/sheafdocs/sheaf/node"
)

// TestF25RemovedDeviceReadsNothingNew removes a member who is connected: what
// is written afterwards reaches the others and not the removed one, whose late
// edits change nobody's state; its own copy stays readable and says why.
func TestF25RemovedDeviceReadsNothingNew(t *testing.T) {
	a, b, c := start(t), start(t), start(t)
	da := create(t, a, "Plan")
	write(t, da, "shared. ")
	db, dc := joinBy(t, b, da), joinBy(t, c, da)
	await(t, "C to have the text", func() bool { return dc.Text() == "shared. " })
	write(t, dc, "by the third. ")
	for i, d := range []*node.Document{da, db, dc} {
		await(t, fmt.Sprintf("node %d to have the text", i), func() bool { return d.Text() == "shared. by the third. " })
	}
	page := edit(t, dc)
	n, err := da.Remove(context.Background(), node.RemoveOptions{Device: c.Device()})
	if err != nil || n != 1 {
		t.Fatalf("%d devices removed, %v", n, err)
	}
	await(t, "the removed device to learn of it", func() bool { return dc.State() == node.StateRemoved })
	await(t, "the page to be told", func() bool { return page.lastTrouble().Kind == node.EventReset })
	write(t, da, "after it. ")
	await(t, "B to have what came after", func() bool { return db.Text() == "shared. by the third. after it. " })
	write(t, db, "and more.")
	await(t, "A to have what came after", func() bool { return da.Text() == "shared. by the third. after it. and more." })
	if got := dc.Text(); got != "shared. by the third. " {
		t.Errorf("the removed device reads %q", got)
	}
	if dc.Epochs() != 1 || da.Epochs() != 2 {
		t.Errorf("the removed device holds %d keys, the owner %d", dc.Epochs(), da.Epochs())
	}
	checkSame(t, da, db)
}
