package crdt

import "github.com/sheafdocs/sheaf/crdt/internal/codec"

// StructureOnly returns an update that brings the same units as the given one,
// so that others can be merged that build upon them, without showing what it
// wrote: text, embeds, values of lists, binary data, marks and subdocuments
// become deleted content of the same length, and nothing is deleted. Shared
// types stay, so that what others put into them is seen, and so do the values
// of map keys and attributes: deleting the newest would delete the key.
//
// An item does not say itself whether it is the value of a key when it
// continues another one. keyed is asked about items outside the update; pass
// [Doc.Keyed] of a document that holds everything the update names, or nil to
// take them for content of lists. The error wraps ErrMalformed.
func StructureOnly(update []byte, keyed func(ID) bool) ([]byte, error) {
	var ask func(codec.ID) bool
	if keyed != nil {
		ask = func(id codec.ID) bool { return keyed(ID{ClientID(id.Client), id.Clock}) }
	}
	out, err := codec.Structure(update, ask)
	if err != nil {
		return nil, failed("reduce update to its structure", ErrMalformed, err)
	}
	return out, nil
}

// Keyed says whether a unit of the document is a value of a map's key or an
// attribute; false for what is not known or was collected as garbage.
func (d *Doc) Keyed(id ID) bool {
	c := d.clientIndex(id.Client)
	if c == 0 || id.Clock >= d.clients[c].state {
		return false
	}
	return d.lists[d.item(d.itemAt(c, id.Clock)).list].entry
}

// RenameClient returns the update with every mention of one client replaced by
// another, clocks kept: what was written under one id becomes what another
// wrote. The new id must not occur in the update. The error wraps ErrMalformed.
func RenameClient(update []byte, from, to ClientID) ([]byte, error) {
	return RebaseClient(update, ID{Client: from}, ID{Client: to})
}

// RebaseClient returns the update with the units of one client, from a clock
// on, replaced by those of another from a clock on; units before keep their
// names. What somebody wrote at the end of one client's clock so becomes what
// another wrote. The update must hold no structs of the first client from
// before, and not mention the other. The error wraps ErrMalformed, also where the
// other is beyond MaxClientID or a unit would come beyond MaxClock.
func RebaseClient(update []byte, from, to ID) ([]byte, error) {
	out, err := codec.Rebase(update, codec.ID{Client: uint64(from.Client), Clock: from.Clock}, codec.ID{Client: uint64(to.Client), Clock: to.Clock})
	if err != nil {
		return nil, failed("move update to another client", ErrMalformed, err)
	}
	return out, nil
}

// InsertedText returns the text that an update inserts, its strings one after
// another, cut off after about maxBytes. The error wraps ErrMalformed.
func InsertedText(update []byte, maxBytes int) (string, error) {
	text, err := codec.Strings(update, maxBytes)
	if err != nil {
		return "", failed("read text of update", ErrMalformed, err)
	}
	return string(text), nil
}
