//go:build !js

package transport_test

import (
	"crypto/rand"
	"fmt"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/transport"
)

// A host listens on free ports of this machine; its hints go into a link.
func ExampleNewHost() {
	key, err := identity.Generate(rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	h, err := transport.NewHost(transport.Config{Key: key, LoopbackOnly: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer h.Close()
	fmt.Println(len(transport.Hints(h, 8)), "addresses")
	// Output: 3 addresses
}
