package node

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Reasons why the payload of an entry contributes nothing. The entry stays in
// its chain; every node that opens it comes to the same verdict.
var (
	errForeignStruct = errors.New("update holds structs of another client id")
	errClockGap      = errors.New("update does not continue the chain's clock")
	errMissingDep    = errors.New("update names an id its dependencies do not cover")
	errTooManyOps    = errors.New("update holds more structs than an entry may")
	errWrongOps      = errors.New("update does not hold the number of operations its header says")
)

// chainBody is what is known of one chain's content: which client id its
// updates write under, where its clock stood after each applied entry, and
// which entries of other chains it has listed as dependencies.
type chainBody struct {
	client crdt.ClientID
	ends   []uint64                // ends[seq]: clock after entry seq; len(ends) entries are applied
	last   wire.EntryID            // the last applied entry
	listed map[wire.ChainID]uint64 // highest seq listed of each foreign chain
	deps   []entryDeps             // of the applied entries that list any, ascending

	other    uint64         // applied entries that are no updates of the document
	carrying []*oplog.Entry // entries carried whose signature is still to come
}

// entryDeps is what one entry lists.
type entryDeps struct {
	seq  uint64
	deps []seal.Dep
}

// depsAt returns what an applied entry lists.
func (c *chainBody) depsAt(seq uint64) []seal.Dep {
	i, ok := slices.BinarySearchFunc(c.deps, seq, func(e entryDeps, seq uint64) int { return cmp.Compare(e.seq, seq) })
	if !ok {
		return nil
	}
	return c.deps[i].deps
}

// applied is the number of entries merged into the document.
func (c *chainBody) applied() uint64 { return uint64(len(c.ends)) }

// end is the clock the next struct of this chain must start at.
func (c *chainBody) end() uint64 {
	if len(c.ends) == 0 {
		return 0
	}
	return c.ends[len(c.ends)-1]
}

// clone copies the body, for taking back entries that were never stored.
func (c *chainBody) clone() *chainBody {
	return &chainBody{client: c.client, ends: slices.Clip(c.ends), last: c.last, listed: maps.Clone(c.listed), deps: slices.Clip(c.deps), other: c.other}
}

// advance records that one more entry is applied and its clock ends at end.
func (c *chainBody) advance(end uint64, deps []seal.Dep) {
	if len(deps) > 0 {
		c.deps = append(c.deps, entryDeps{c.applied(), deps})
	}
	c.ends = append(c.ends, end)
	for _, dep := range deps {
		if old, ok := c.listed[dep.Chain]; !ok || dep.Seq > old {
			c.listed[dep.Chain] = dep.Seq
		}
	}
}

// causality relates the chains of a document to the client ids of the merge
// engine, so that the dependencies of an update can be computed for an own
// entry and checked for a received one. It is not safe for concurrent use.
type causality struct {
	chains  map[wire.ChainID]*chainBody
	clients map[crdt.ClientID]wire.ChainID
}

func newCausality() *causality {
	return &causality{
		chains:  map[wire.ChainID]*chainBody{},
		clients: map[crdt.ClientID]wire.ChainID{},
	}
}

// chain returns the body of a chain, making an empty one at first sight.
func (g *causality) chain(id wire.ChainID, client crdt.ClientID) *chainBody {
	if c, ok := g.chains[id]; ok {
		return c
	}
	c := &chainBody{client: client, listed: map[wire.ChainID]uint64{}}
	g.chains[id] = c
	g.claim(id, client)
	return c
}

// claim says whether a chain may write under a client id: one that nothing was
// merged under by another. Of two chains with one, each would take the other's
// text for its own.
func (g *causality) claim(id wire.ChainID, client crdt.ClientID) bool {
	if other, taken := g.clients[client]; taken && other != id && g.chains[other].applied() > 0 {
		return false // that counts no longer: the next rebuild makes room
	}
	g.clients[client] = id
	return true
}

// depsFor lists, for each foreign chain whose ids the update names, the
// earliest applied entry that covers them, unless the chain listed one as
// late before. The ids of the entries are filled in by the caller.
func (g *causality) depsFor(own *chainBody, info crdt.UpdateInfo) ([]seal.Dep, error) {
	var deps []seal.Dep
	for client, above := range info.Names {
		if client == own.client {
			continue
		}
		id, ok := g.clients[client]
		if !ok {
			return nil, fmt.Errorf("%w: client %d", errMissingDep, client)
		}
		seq, ok := g.chains[id].covering(above)
		if !ok {
			return nil, fmt.Errorf("%w: client %d clock %d", errMissingDep, client, above)
		}
		if listed, ok := own.listed[id]; ok && listed >= seq {
			continue
		}
		deps = append(deps, seal.Dep{Chain: id, Seq: seq})
	}
	sort.Slice(deps, func(i, j int) bool {
		return string(deps[i].Chain[:]) < string(deps[j].Chain[:])
	})
	return deps, nil
}

// covering returns the first applied entry after which every clock below
// above exists.
func (c *chainBody) covering(above uint64) (uint64, bool) {
	i := sort.Search(len(c.ends), func(i int) bool { return c.ends[i] >= above })
	return uint64(i), i < len(c.ends)
}

// judge checks an update against the binding rules of the log: structs of the
// chain's own client only, continuing its clock, and no name beyond what the
// listed dependencies hold. The dependencies must be applied. It returns the
// chain's clock after the update.
func (g *causality) judge(own *chainBody, deps []seal.Dep, info crdt.UpdateInfo) (uint64, error) {
	if info.NumStructs > maxEntryStructs {
		return 0, errTooManyOps
	}
	end := own.end()
	for _, r := range info.Structs {
		if r.Client != own.client {
			return 0, errForeignStruct
		}
		if r.From != end {
			return 0, errClockGap
		}
		end = r.To
	}
	for client, above := range info.Names {
		if client == own.client {
			if above > end {
				return 0, errMissingDep
			}
			continue
		}
		if !g.covered(own, deps, client, above) {
			return 0, errMissingDep
		}
	}
	return end, nil
}

// covered says whether the entries that own has listed, or lists now in deps,
// reach clock above of a foreign client.
func (g *causality) covered(own *chainBody, deps []seal.Dep, client crdt.ClientID, above uint64) bool {
	id, ok := g.clients[client]
	if !ok {
		return false
	}
	seq, listed := own.listed[id]
	for _, dep := range deps {
		if dep.Chain == id && (!listed || dep.Seq > seq) {
			seq, listed = dep.Seq, true
		}
	}
	ends := g.chains[id].ends
	return listed && seq < uint64(len(ends)) && above <= ends[seq]
}

// numOps is the count an entry's header declares: structs plus delete ranges.
func numOps(info crdt.UpdateInfo) int { return info.NumStructs + len(info.Deletes) }
