//go:build !js

package node_test

import (
	"context"
	"testing"

	"github.com/sheafdocs/sheaf/node"
)

// TestContactsAreKeptWhenWordsAreMadeElsewhere: who was added to the address
// book on one device while another one made recovery words is still there.
func TestContactsAreKeptWhenWordsAreMadeElsewhere(t *testing.T) {
	ctx := context.Background()
	laptop, phone, _, _ := twoDevices(t)
	friend := start(t)
	card, err := friend.Card()
	if err != nil {
		t.Fatal(err)
	}
	offline(t, phone, true)
	if _, err := phone.AddContact(ctx, card, "Kim"); err != nil {
		t.Fatal(err)
	}
	if err := phone.Verify(ctx, card.User, true); err != nil {
		t.Fatal(err)
	}
	words(t, laptop)
	offline(t, phone, false)
	await(t, "the phone to know of the words", func() bool { _, made := phone.OwnDevices(); return !made.IsZero() })
	for _, n := range []*node.Node{phone, laptop} {
		await(t, "the contact to be there", func() bool {
			list := n.Contacts()
			return len(list) == 1 && list[0].Name == "Kim" && !list[0].Verified
		})
	}
}
