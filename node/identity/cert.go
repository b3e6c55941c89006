package identity

import (
	"fmt"

	"github.com/sheafdocs/sheaf/node/wire"
)

// certBody is what a certificate signs.
func certBody(user wire.UserID, d wire.Device, seal wire.SealHash) []byte {
	b, err := wire.Marshal(struct {
		_    struct{} `cbor:",toarray"`
		User wire.UserID
		D    wire.Device
		Seal wire.SealHash
	}{User: user, D: d, Seal: seal})
	if err != nil {
		panic(fmt.Sprintf("identity: encode certificate: %v", err)) // fixed arrays always encode
	}
	return b
}

// Certify states that a device with its seal key is the user's. It counts when k
// is the user's own key, or a device of the user that was certified before.
func (k *Key) Certify(user wire.UserID, d wire.Device, seal wire.SealHash) wire.Signature {
	return k.Sign(wire.DomainDev, certBody(user, d, seal))
}

// VerifyCert reports whether by stated that a device with its seal key is the
// user's. Whether by may say so is the caller's matter.
func VerifyCert(by wire.Device, user wire.UserID, d wire.Device, seal wire.SealHash, cert wire.Signature) bool {
	return wire.Verify(by, wire.DomainDev, certBody(user, d, seal), cert)
}
