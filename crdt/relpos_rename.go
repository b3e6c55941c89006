package crdt

// RenameClient returns the position with one client id put for another, for an
// update that went through [RenameClient].
func (p RelativePosition) RenameClient(from, to ClientID) RelativePosition {
	if p.hasItem && p.item.Client == from {
		p.item.Client = to
	}
	if p.hasType && p.typ.Client == from {
		p.typ.Client = to
	}
	return p
}
