package node

import (
	"slices"

	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// sealKeyOf is a device's public seal key.
type sealKeyOf struct {
	owner  wire.Device
	public []byte
}

// receiveSealKey keeps a public seal key that an op names by its hash, and
// passes over any other.
func (d *Document) receiveSealKey(raw []byte) error {
	k, err := seal.DecodeSealKey(raw)
	if err != nil {
		return err
	}
	hash := k.Hash()
	if _, have := d.seals[hash]; have {
		return nil
	}
	if !d.sealKeyWanted(k.Owner, hash) {
		if len(d.wrapping.earlySeals) < maxEarly {
			d.wrapping.earlySeals = append(d.wrapping.earlySeals, k)
		}
		return nil
	}
	return d.keepSealKey(k)
}

// sealKeyWanted says whether an op names the key: a member's, or an invite's.
func (d *Document) sealKeyWanted(owner wire.Device, hash wire.SealHash) bool {
	return slices.Contains(d.rosterNow().seals[hash], owner)
}

// keepSealKey notes a public seal key and leaves it for the next commit.
func (d *Document) keepSealKey(k seal.SealKey) error {
	hash := k.Hash()
	if _, have := d.seals[hash]; have {
		return nil
	}
	raw, err := k.Encode()
	if err != nil {
		return err
	}
	d.seals[hash] = k
	d.out.put(store.SealKeyKey(d.id, hash), raw)
	d.out.then(func() { d.reoffer = true })
	return nil
}

// offerOwnSealKey makes this device's own seal key known to the others.
func (d *Document) offerOwnSealKey() {
	if _, _, member := d.roleLocked(); !member {
		return
	}
	if err := d.keepSealKey(d.node.ownSeal); err != nil {
		d.log.Error("keep own seal key", "err", err)
	}
}
