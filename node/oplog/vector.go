package oplog

import (
	"bytes"
	"slices"

	"github.com/sheafdocs/sheaf/node/wire"
)

// Domains of the hashes in this file.
const (
	DomainDigest wire.Domain = "sheaf/1/digest"
	DomainBranch wire.Domain = "sheaf/1/branch"
	DomainAside  wire.Domain = "sheaf/1/aside"
)

// maxRunList is how many entries Run lists at once: enough that an anchor is
// among them wherever it starts.
const maxRunList = 4 * MaxRunEntries

// Vector tells what a replica holds, by lines. Each chain is a line under its
// own id, ending where its chosen branch ends or its limit is. Each branch of a
// chain whose fork no statement decides, the chosen one too, is one more line
// under a branch id (see BranchID). So replicas that hold the same have the same
// vector, and whoever lacks a branch lacks a line and is sent it from the start,
// like a chain it never saw. Endorsement, which only key holders can judge, has
// no influence. What is held past a chain's limit is offered as a line under an
// aside id (see AsideID), which has no part in digests.
type Vector map[wire.ChainID]Position

// BranchID returns the id that a branch of a forked chain has in vectors; last
// is its last entry. A branch that grows so becomes another line, and is sent
// anew: that is dear and rare. An id that stays would not do. Two replicas
// that keep as many branches as they may could then have different ones under
// one id, and the one with the longer, which the other refuses, would take the
// other's for the beginning of its own.
func BranchID(chain wire.ChainID, last wire.EntryID) wire.ChainID {
	b := appendHead(make([]byte, 0, 64), majorArray, 2)
	b = appendBytes(b, chain[:])
	b = appendBytes(b, last[:])
	sum := DomainBranch.Sum(b)
	return wire.ChainID(sum[:len(wire.ChainID{})])
}

// AsideID returns the id under which vectors offer what is held of a chain past
// its limit. The numbers of such a line start at the limit.
func AsideID(chain wire.ChainID, limit uint64) wire.ChainID {
	b := appendHead(make([]byte, 0, 32), majorArray, 2)
	b = appendBytes(b, chain[:])
	sum := DomainAside.Sum(appendUint(b, limit))
	return wire.ChainID(sum[:len(wire.ChainID{})])
}

// line is one line of a vector.
type line struct {
	id wire.ChainID
	Position
}

// appendLines adds the chain's part of the vector: what is valid without keys.
func (c *chain) appendLines(lines []line, id wire.ChainID) []line {
	n := min(c.open.len(), c.limit)
	if n == 0 {
		return lines
	}
	lines = append(lines, line{id, Position{n - 1, c.open.ids[n-1]}})
	if heads := c.contested(); len(heads) > 1 {
		for _, p := range heads {
			lines = append(lines, line{BranchID(id, p.ID), p})
		}
	}
	return lines
}

// contested lists the last entries within the limit of the branches between
// which no statement decides; one that is the beginning of another is left out.
func (c *chain) contested() []Position {
	if len(c.branches) == 1 {
		return nil
	}
	var heads []Position
	ranks := c.ranks()
	branches := slices.DeleteFunc(slices.Clone(preferred(c.branches, c.stated)), func(b *branch) bool {
		return ranks[slices.Index(c.branches, b)] > MaxBranches && !c.precious(b)
	})
	for i, b := range branches {
		n := min(b.len(), c.limit)
		inAnother := func(j int) bool {
			m := min(branches[j].len(), c.limit)
			same := b.fork(branches[j])
			return n > 0 && same >= n && (m > n || j < i)
		}
		if n > 0 && !slices.ContainsFunc(indexes(len(branches), i), inAnother) {
			heads = append(heads, Position{n - 1, b.ids[n-1]})
		}
	}
	return heads
}

// indexes lists the numbers below n but one.
func indexes(n, but int) []int {
	var list []int
	for i := range n {
		if i != but {
			list = append(list, i)
		}
	}
	return list
}

// asideLine offers what is held past the chain's limit.
func (c *chain) asideLine(id wire.ChainID) (line, bool) {
	if c.open.len() <= c.limit {
		return line{}, false
	}
	head := c.open.head()
	return line{AsideID(id, c.limit), Position{head.Seq - c.limit, head.ID}}, true
}

// Vector returns what the index holds, leaving out chains in doubt: those that
// turned out to have a branch which is not held here, or not yet: its author
// signed for it, a statement names it, or an entry held depends on it. A replica
// that is shown this vector sends such a chain from its start, so that the
// place of the fork is among what it sends.
func (c *Chains) Vector() Vector {
	v := c.Held()
	for _, id := range c.sorted {
		ch := c.chains[id]
		if !c.doubt[id] && !ch.lacksNamed() {
			continue
		}
		for _, l := range ch.appendLines(nil, id) {
			delete(v, l.id)
		}
	}
	return v
}

// Held returns what the index holds with nothing left out, for sending.
func (c *Chains) Held() Vector {
	v := make(Vector, len(c.sorted))
	for _, id := range c.sorted {
		for _, l := range c.chains[id].appendLines(nil, id) {
			v[l.id] = l.Position
		}
		if l, ok := c.chains[id].asideLine(id); ok {
			v[l.id] = l.Position
		}
	}
	return v
}

// Digest returns a short hash of everything a replica holds of a document
// that is valid without keys: the heads of its access log, in any order, and
// its vector with nothing left out. Replicas with equal digests hold the same.
func (c *Chains) Digest(heads []wire.OpID) [16]byte {
	heads = slices.Clone(heads)
	slices.SortFunc(heads, func(a, b wire.OpID) int { return bytes.Compare(a[:], b[:]) })
	lines := make([]line, 0, len(c.sorted))
	for _, id := range c.sorted {
		lines = c.chains[id].appendLines(lines, id)
	}
	if len(lines) > len(c.sorted) { // branches have ids of their own
		slices.SortFunc(lines, func(a, b line) int { return compareChains(a.id, b.id) })
	}
	b := make([]byte, 0, 16+40*len(heads)+64*len(lines))
	b = appendHead(b, majorArray, 2)
	b = appendHead(b, majorArray, uint64(len(heads)))
	for _, id := range heads {
		b = appendBytes(b, id[:])
	}
	b = appendHead(b, majorArray, uint64(len(lines)))
	for _, l := range lines {
		b = appendHead(b, majorArray, 3)
		b = appendBytes(b, l.id[:])
		b = appendUint(b, l.Seq)
		b = appendBytes(b, l.ID[:])
	}
	sum := DomainDigest.Sum(b)
	return [16]byte(sum[:16])
}

// Step is one entry of a run to be sent.
type Step struct {
	Ref
	Anchor bool // its signature is stored; a run may end here
}

// Run lists entries of a line of the vector from a number on, in order: of a
// chain's branch, of another branch under its branch id, or of what is past the
// limit under its aside id. The list is cut at some length and ends at an
// anchor, for which it may go past the limit; it is empty when there is
// nothing. A sender reads them from its store by Step's Ref and may stop at any
// anchor.
func (c *Chains) Run(line wire.ChainID, from uint64) []Step {
	id, b, first, end := c.find(line)
	if b == nil || from >= end-first {
		return nil
	}
	from += first
	steps := make([]Step, 0, min(b.len()-from, maxRunList))
	anchored := 0
	for seq := from; seq < b.len() && len(steps) < maxRunList; seq++ {
		if seq >= end && anchored == len(steps) {
			break
		}
		anchor := b.anchors.has(seq)
		steps = append(steps, Step{Ref{id, Position{seq, b.ids[seq]}}, anchor})
		if anchor {
			anchored = len(steps)
		}
	}
	return steps[:anchored]
}

// find returns the branch that a line of the vector stands for, and the first
// and the last, not included, of its entries that belong to the line.
func (c *Chains) find(line wire.ChainID) (id wire.ChainID, b *branch, from, to uint64) {
	if ch := c.chains[line]; ch != nil {
		return line, ch.open, 0, min(ch.open.len(), ch.limit)
	}
	for _, id := range c.sorted {
		ch := c.chains[id]
		if ch.open.len() > ch.limit && AsideID(id, ch.limit) == line {
			return id, ch.open, ch.limit, ch.open.len()
		}
		if len(ch.branches) == 1 {
			continue
		}
		for _, b := range ch.branches {
			if n := min(b.len(), ch.limit); n > 0 && BranchID(id, b.ids[n-1]) == line {
				return id, b, 0, n
			}
		}
	}
	return wire.ChainID{}, nil, 0, 0
}
