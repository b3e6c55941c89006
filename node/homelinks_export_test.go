package node

import (
	"context"

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
