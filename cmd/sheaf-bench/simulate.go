package main

import (
	"fmt"
	"unicode/utf8"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/crdt/tracetest"
)

// made is one transaction as a Yjs update of its agent.
type made struct {
	agent  int
	update []byte
	end    uint64 // the agent's clock after it; 0: it changed nothing
}

// view is the document as one agent sees it.
type view struct {
	doc     *crdt.Doc
	text    *crdt.Text
	applied []int32 // transactions of each agent it holds
	astral  bool    // the trace has characters beyond 16 bits
	update  []byte  // of the transaction under way
}

// simulate turns a trace into updates: each agent edits, under the client id
// its session was leased, a view that holds exactly what the transaction's
// parents held. Every node of a replay computes the same.
func simulate(t *tracetest.Trace, clients []crdt.ClientID) ([]made, error) {
	views := make([]*view, t.NumAgents)
	for a := range views {
		v := &view{doc: crdt.NewDoc(crdt.Config{ClientID: clients[a]}), applied: make([]int32, t.NumAgents), astral: t.Astral}
		v.text = v.doc.Text("text")
		v.doc.OnUpdate(func(e crdt.UpdateEvent) {
			if e.Local {
				v.update = append([]byte(nil), e.Update...)
			}
		})
		views[a] = v
	}
	byAgent := make([][]int32, t.NumAgents) // indexes of each agent's transactions
	seen := t.Seen()
	out := make([]made, len(t.Txns))
	for i := range t.Txns {
		x := &t.Txns[i]
		v := views[x.Agent]
		for a, n := range seen[i] {
			for v.applied[a] < n {
				m := out[byAgent[a][v.applied[a]]]
				if err := v.merge(m.update); err != nil {
					return nil, fmt.Errorf("transaction %d: %w", i, err)
				}
				v.applied[a]++
			}
		}
		if err := v.edit(x, i == 0 && t.StartContent != "", t.StartContent); err != nil {
			return nil, fmt.Errorf("transaction %d: %w", i, err)
		}
		out[i] = made{agent: x.Agent, update: v.update, end: v.doc.StateVector()[clients[x.Agent]]}
		v.applied[x.Agent]++
		byAgent[x.Agent] = append(byAgent[x.Agent], int32(i))
	}
	return out, nil
}

func (v *view) merge(update []byte) error {
	if update == nil {
		return nil
	}
	return v.doc.ApplyUpdate(update, nil)
}

// edit applies one transaction's patches.
func (v *view) edit(x *tracetest.Transaction, start bool, content string) error {
	v.update = nil
	var err error
	v.doc.Transact(nil, func(tx *crdt.Txn) {
		if start {
			err = v.text.Insert(tx, 0, content)
		}
		for _, p := range x.Patches {
			if err == nil {
				err = v.patch(tx, p)
			}
		}
	})
	return err
}

func (v *view) patch(tx *crdt.Txn, p tracetest.Patch) error {
	pos, del := p.Pos, p.Del
	if v.astral && v.text.Len() > 0 {
		pos, del = utf16Range(v.text.String(), pos, del)
	}
	if del > 0 {
		if err := v.text.Delete(tx, pos, del); err != nil {
			return fmt.Errorf("delete %d at %d: %w", del, pos, err)
		}
	}
	if p.Insert == "" {
		return nil
	}
	if err := v.text.Insert(tx, pos, p.Insert); err != nil {
		return fmt.Errorf("insert at %d: %w", pos, err)
	}
	return nil
}

// utf16Range converts a range of code points into one of UTF-16 units.
func utf16Range(s string, pos, count int) (int, int) {
	if utf8.RuneCountInString(s) == len(s) {
		return pos, count
	}
	from, n, i := 0, 0, 0
	for _, r := range s {
		w := 1
		if r > 0xffff {
			w = 2
		}
		switch {
		case i < pos:
			from += w
		case i < pos+count:
			n += w
		default:
			return from, n
		}
		i++
	}
	return from, n
}
