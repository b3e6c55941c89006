package access

// Policy returns how the document's history is kept: as the deepest Valid policy
// op says, of several the one with the lowest id, else as the genesis does.
func (l *Log) Policy() Policy {
	if n := l.lastOf(l.policies); n != nil {
		return *n.op.Policy
	}
	if len(l.order) == 0 {
		return Policy{}
	}
	return l.order[0].op.Genesis.Policy
}

// Relays returns the relays that the deepest Valid relay op names, of several the
// one with the lowest id; none by default.
func (l *Log) Relays() Relays {
	if n := l.lastOf(l.relays); n != nil {
		return *n.op.Relays
	}
	return Relays{}
}

// lastOf finds the deepest Valid op, of several the one with the lowest id.
func (l *Log) lastOf(list []*node) (best *node) {
	l.settle()
	for _, n := range list {
		if n.valid && (best == nil || n.depth > best.depth || n.depth == best.depth && compareIDs(n.op.ID, best.op.ID) < 0) {
			best = n
		}
	}
	return best
}
