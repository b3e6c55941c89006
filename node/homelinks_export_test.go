package node

import (
	"context"
	"errors"

	"github.com/sheafdocs/sheaf/node/wire"
)

// HomeLinks counts the links in a node's home document.
func HomeLinks(n *Node) int {
	home, err := n.readyHome()
	if err != nil {
		return -1
	}
	h := home.readHome()
	return len(h.links)
}

// SetHomeLink writes a secret for a link into a node's home document.
func SetHomeLink(n *Node, doc wire.DocID, op wire.OpID, secret string) error {
	home, err := n.readyHome()
	if err != nil {
		return err
	}
	return home.writeHome(context.Background(), homeChange{homeLinks, linkRef{doc, op}.String(), homeLink{Secret: secret}})
}

// TendHomeBefore has a node follow what its home document says, with a change
// that arrives when it was read and nothing has been done about it.
func TendHomeBefore(n *Node, d *Document, change func() error) error {
	home, err := n.readyHome()
	if err != nil {
		return err
	}
	n.home.tending.Lock()
	h := home.readHome()
	if err = change(); err == nil {
		_, err = n.tendListed(d, home.id, &h)
	}
	n.home.tending.Unlock()
	return errors.Join(err, n.tendHome(context.Background()))
}

// HomeTellsOfNext says whether a home document that was in use before tells of
// the one that took its place.
func HomeTellsOfNext(n *Node) bool {
	for _, d := range n.Documents() {
		if h := d.readHome(); h.next != nil {
			return true
		}
	}
	return false
}

// SameHomeVersion says whether what one home document says could be taken for
// what another one says.
func SameHomeVersion(a, b *Document) bool { return a.readHome().version == b.readHome().version }
