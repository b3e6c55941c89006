package access_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Ada makes a document and a link; Bob asks to be let in by it, and Ada's node
// answers.
func Example() {
	random := rand.NewChaCha8([32]byte{1}) // crypto/rand.Reader in earnest
	now := time.Unix(1_700_000_000, 0)
	try := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	ada, err := identity.Generate(random)
	try(err)
	bob, err := identity.Generate(random)
	try(err)

	genesis, err := access.NewGenesis(ada, wire.EpochID{1}, random, now)
	try(err)
	log := access.NewLog(genesis.DocID())
	_, err = log.Add(genesis)
	try(err)

	link := access.Link{Doc: genesis.DocID(), Secret: [16]byte{42}}
	keys, err := access.DeriveInvite(link.Secret)
	try(err)
	invite, err := access.NewInvite(log, ada, keys, access.Editor, now)
	try(err)
	_, err = log.Add(invite)
	try(err)

	raw, err := access.NewJoinRequest(link.Doc, invite.ID, keys, bob)
	try(err)
	request, err := access.ParseJoinRequest(raw)
	try(err)
	try(access.CheckJoinRequest(log, request, now))
	grant, err := access.NewGrantVia(log, ada, request, now)
	try(err)
	_, err = log.Add(grant)
	try(err)

	for _, d := range []wire.Device{ada.Device(), bob.Device()} {
		_, role, ok := log.Authority(d)
		fmt.Println(role, ok)
	}
	// Output:
	// owner true
	// editor true
}
