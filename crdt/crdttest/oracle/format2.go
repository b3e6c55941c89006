package oracle

import (
	"fmt"
	"math/rand/v2"

	"github.com/sheafdocs/sheaf/crdt"
)

// update is an update in both formats. What was made in one is converted when
// the other is asked for. The child does the same in node/format2.mjs.
type update struct{ v1, v2 []byte }

// made returns an update that was made in one of the formats.
func made(bytes []byte, v2 bool) *update {
	if v2 {
		return &update{v2: bytes}
	}
	return &update{v1: bytes}
}

// in returns the update in one of the formats.
func (u *update) in(v2 bool) ([]byte, error) {
	var err error
	switch {
	case v2 && u.v2 == nil:
		u.v2, err = crdt.ConvertUpdateToV2(u.v1)
	case !v2 && u.v1 == nil:
		u.v1, err = crdt.ConvertUpdateToV1(u.v2)
	}
	if v2 {
		return u.v2, err
	}
	return u.v1, err
}

// api is crdt's functions for one format.
type api struct {
	merge    func(...[]byte) ([]byte, error)
	diff     func([]byte, crdt.StateVector) ([]byte, error)
	sv       func([]byte) (crdt.StateVector, error)
	inspect  func([]byte) (crdt.UpdateInfo, error)
	meta     func([]byte) (from, to crdt.StateVector, err error)
	obscure  func([]byte, crdt.ObfuscateOptions) ([]byte, error)
	toOther  func([]byte) ([]byte, error)
	toItself func([]byte) ([]byte, error)
}

var apiV1 = api{
	crdt.MergeUpdates, crdt.DiffUpdate, crdt.StateVectorFromUpdate, crdt.Inspect, crdt.UpdateMeta,
	crdt.ObfuscateUpdate, crdt.ConvertUpdateToV2, crdt.ConvertUpdateToV1,
}

var apiV2 = api{
	crdt.MergeUpdatesV2, crdt.DiffUpdateV2, crdt.StateVectorFromUpdateV2, crdt.InspectV2, crdt.UpdateMetaV2,
	crdt.ObfuscateUpdateV2, crdt.ConvertUpdateToV1, crdt.ConvertUpdateToV2,
}

func apiOf(v2 bool) api {
	if v2 {
		return apiV2
	}
	return apiV1
}

// docFree makes an update of others and looks at it, all without a document.
func (w *world) docFree(step Step, to, from *replica, o *Observation) error {
	if len(w.log) == 0 {
		return nil
	}
	a := apiOf(step.V2)
	var picks [][]byte
	for _, p := range step.Picks {
		u, err := w.pick(p).in(step.V2)
		if err != nil {
			return err
		}
		picks = append(picks, u)
	}
	var bytes []byte
	var err error
	if step.Kind == StepMerge {
		bytes, err = a.merge(picks...)
	} else {
		bytes, err = a.diff(picks[0], cutStateVector(from.doc, step.Picks[1:]))
	}
	if err != nil {
		return err
	}
	o.add("made", bytes)
	if err := a.look(bytes, step, o); err != nil {
		return err
	}
	u := made(bytes, step.V2)
	w.log = append(w.log, u)
	if step.N > 0 {
		return to.apply(u, step.V2)
	}
	return nil
}

// look writes down what can be told of an update.
func (a api) look(bytes []byte, step Step, o *Observation) error {
	sv, err := a.sv(bytes)
	if err != nil {
		return err
	}
	info, err := a.inspect(bytes)
	if err != nil {
		return err
	}
	first, end, err := a.meta(bytes)
	if err != nil {
		return err
	}
	o.add("made: state vector", sv.Encode())
	o.add("made: contents", []byte(printInfo(info)))
	o.add("made: clocks", fmt.Appendf(nil, "%x to %x", first.Encode(), end.Encode()))
	other, err := a.toOther(bytes)
	if err != nil {
		return err
	}
	back, err := a.toItself(other)
	if err != nil {
		return err
	}
	o.add("made: in the other format", other)
	o.add("made: and back", back)
	keep := crdt.ObfuscateOptions{
		KeepFormats: step.Picks[0]&1 != 0, KeepSubdocs: step.Picks[0]&2 != 0, KeepXMLNames: step.Picks[0]&4 != 0,
	}
	obscured, err := a.obscure(bytes, keep)
	if err != nil {
		return err
	}
	o.add("made: obfuscated", obscured)
	return nil
}

// chooseFormats draws which steps use format 2: none, some or all. It draws by
// itself, so that the programs are otherwise those of format 1.
func chooseFormats(p Program) {
	r := rand.New(rand.NewPCG(p.Seed, 0xf02))
	share := []float64{0, 0.3, 0.6, 1}[r.IntN(4)]
	for i := range p.Steps {
		s := &p.Steps[i]
		s.V2 = s.Kind.usesFormat() && r.Float64() < share
	}
}
