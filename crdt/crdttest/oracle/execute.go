package oracle

import (
	"encoding/hex"
	"fmt"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/crdt/packed"
)

// Execute runs a program in our engine and returns what was seen after each
// step. A panic or unexpected error ends the run and shows as a field "error"
// of the last observation. The child does the same in node/program.mjs.
func Execute(p Program) []Observation { return newWorld(p).execute() }

// world is the state of a run.
type world struct {
	program  Program
	replicas []*replica
	now      int64
	log      []*update // every update there ever was
	marks    []crdt.RelativePosition
	snaps    []crdt.Snapshot
}

func newWorld(p Program) *world {
	w := &world{program: p}
	for _, config := range p.Replicas {
		w.replicas = append(w.replicas, newReplica(w, config, p.Lazy))
	}
	return w
}

func (w *world) execute() (seen []Observation) {
	defer func() {
		if r := recover(); r != nil {
			seen[len(seen)-1].add("error", fmt.Appendf(nil, "panic: %v%s", r, engineFrames(debug.Stack())))
		}
	}()
	for _, step := range w.program.Steps {
		seen = append(seen, nil)
		o := &seen[len(seen)-1]
		if err := w.run(step, o); err != nil {
			o.add("error", []byte(err.Error()))
			return seen
		}
	}
	if len(seen) > 0 {
		w.pack(&seen[len(seen)-1])
	}
	return seen
}

// pack checks that every document comes back from its packed form. It is
// nothing that Yjs has: what is wrong shows as an error of the last step.
func (w *world) pack(o *Observation) {
	for i, r := range w.replicas {
		p, err := packed.Open(packed.Pack(r.doc))
		var visible *crdt.Doc
		if err == nil {
			visible, err = p.Visible()
		}
		if err == nil {
			shown := &replica{doc: visible, defined: r.defined}
			if got, want := shown.dump(), r.dump(); got != want && got != r.reloaded() {
				err = fmt.Errorf("shows %s, want %s", got, want)
			}
		}
		if err != nil {
			o.add("error", fmt.Appendf(nil, "replica %d packed: %v", i, err))
		}
	}
}

// engineFrames returns the places in the engine that a stack trace names.
func engineFrames(stack []byte) string {
	out := ""
	for line := range strings.Lines(string(stack)) {
		file := strings.TrimSpace(line)
		if strings.Contains(file, "/crdt/") && strings.Contains(file, ".go:") && !strings.Contains(file, "/crdttest/") {
			out += "\n  at " + file[strings.LastIndex(file, "/crdt/")+1:]
		}
	}
	return out
}

func (w *world) run(step Step, o *Observation) error {
	to, from := w.replicas[step.To], w.replicas[step.From]
	to.events = nil
	to.watches.begin()
	to.by = asOrigin(step.Origin)
	if step.At > 0 {
		w.now = int64(step.At)
	}
	var err error
	switch step.Kind {
	case StepEdit:
		err = to.edit(step.Origin, step.Ops)
	case StepDeliver:
		for range step.N {
			if update := next(to, from); update != nil && err == nil {
				err = to.apply(update, step.V2)
			}
		}
	case StepSkip:
		next(to, from)
	case StepOld:
		if len(w.log) > 0 {
			err = to.apply(w.pick(step.Picks[0]), step.V2)
		}
	case StepSync, StepPart, StepCut:
		err = w.send(step, to, from, o)
	case StepMerge, StepDiff:
		err = w.docFree(step, to, from, o)
	case StepRaw:
		err = w.raw(step, to)
	case StepReload:
		err = to.reload(step.V2)
	case StepDefine:
		all := w.program.roots()
		to.define(all[step.Root%len(all)])
	case StepSetID:
		to.id = crdt.ClientID(step.ID)
		to.doc.SetClientID(to.id)
	case StepWatch:
		to.watches.some(step)
	case StepUndoOpen:
		err = to.undo.open(step)
	case StepUndo:
		err = to.undo.act(step)
	case StepClone:
		err = to.clone()
	case StepSubdoc:
		err = to.bare(step.Ops)
	case StepMark:
		err = w.mark(step, to, from, o)
	case StepSnap:
		err = w.snap(step, to, from, o)
	case StepUnwatch:
		to.watches.stop(step)
	case StepConverged:
		o.add("converged", strconv.AppendBool(nil, w.converged()))
	default:
		err = fmt.Errorf("step of kind %q", step.Kind)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", step.Kind, err)
	}
	to.observe(o)
	return nil
}

// next returns the next local update of from that was not delivered to to.
func next(to, from *replica) *update {
	cursor := to.cursors[from]
	if cursor >= len(from.own) {
		return nil
	}
	to.cursors[from] = cursor + 1
	return from.own[cursor]
}

func (w *world) pick(p int) *update { return w.log[p%len(w.log)] }

// known returns the state vector that a step of kind sync, part or cut takes
// as known.
func (w *world) known(step Step, to, from *replica) crdt.StateVector {
	switch step.Kind {
	case StepPart:
		return w.replicas[step.Picks[0]%len(w.replicas)].doc.StateVector()
	case StepCut:
		return cutStateVector(from.doc, step.Picks)
	}
	return to.doc.StateVector()
}

// cutStateVector returns a document's state vector with the clocks cut back:
// the i-th, in descending order of clients, by the i-th of cuts. No cuts leave
// it as it is.
func cutStateVector(doc *crdt.Doc, cuts []int) crdt.StateVector {
	sv := doc.StateVector()
	if len(cuts) == 0 {
		return sv
	}
	var clients []crdt.ClientID
	for c := range sv {
		clients = append(clients, c)
	}
	slices.Sort(clients)
	slices.Reverse(clients)
	for i, c := range clients {
		sv[c] = uint64(cuts[i%len(cuts)]) % (sv[c] + 1)
	}
	return sv
}

// send sends what the step takes as unknown.
func (w *world) send(step Step, to, from *replica, o *Observation) error {
	known := w.known(step, to, from)
	u := made(from.state(known, step.V2), step.V2)
	bytes, err := u.in(step.V2)
	if err != nil {
		return err
	}
	o.add("sent", bytes)
	w.log = append(w.log, u)
	return to.apply(u, step.V2)
}

func (w *world) raw(step Step, to *replica) error {
	bytes, err := hex.DecodeString(step.Hex)
	if err != nil {
		return err
	}
	u := made(bytes, step.Raw2)
	w.log = append(w.log, u)
	if step.N > 0 {
		return to.apply(u, step.V2)
	}
	return nil
}

func (w *world) converged() bool {
	first := w.replicas[0].dump()
	for _, r := range w.replicas {
		if r.dump() != first {
			return false
		}
	}
	return true
}
