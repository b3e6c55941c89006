package oracle

import (
	"encoding/json"
	"fmt"
)

// Program is a list of steps on some replicas of one document. It says
// nothing of how long anything is: positions and choices are numbers that are
// reduced to what exists when a step runs, so that a program stays valid when
// steps are left out.
//
// The JSON form is what the child reads and what testdata keeps.
type Program struct {
	// Note says, in a kept program, what it once found.
	Note     string    `json:"note,omitempty"`
	Seed     uint64    `json:"seed,omitempty"` // it was generated from; 0: written by hand
	Replicas []Replica `json:"replicas"`
	// Lazy leaves the root types undefined until a step defines them.
	Lazy bool `json:"lazy,omitempty"`
	// XMLText says that there is a root of type XmlText as well.
	XMLText bool   `json:"xmltext,omitempty"`
	Steps   []Step `json:"steps"`
}

// Replica sets up one replica.
type Replica struct {
	ID   uint64 `json:"id"` // client id
	NoGC bool   `json:"nogc,omitempty"`
	// Keep says what of deleted content is not collected, as bits: what is in the
	// root text, and what an even client wrote. Neither depends on where runs are
	// cut: Yjs leaves some in pieces that ours joins.
	Keep int `json:"keep,omitempty"`
	// Watch says what observes its roots, as bits, and React what the observers
	// do in each step, one operation a call.
	Watch int  `json:"watch,omitempty"`
	Hooks bool `json:"hooks,omitempty"` // its hooks are noted
	React []Op `json:"react,omitempty"`
}

// Step is one thing that happens to the replica with index To. After it, both
// engines write down everything about that replica.
type Step struct {
	Kind StepKind `json:"k"`
	To   int      `json:"c"`
	From int      `json:"f,omitempty"`
	// N is a count, or 1 to apply an update that was made.
	N int `json:"n,omitempty"`
	// Picks choose updates or clocks.
	Picks  []int  `json:"p,omitempty"`
	Root   int    `json:"t,omitempty"`      // define: which root
	ID     uint64 `json:"id,omitempty"`     // setid: the new client id
	At     int    `json:"at,omitempty"`     // time, in milliseconds
	Origin string `json:"origin,omitempty"` // of the edit, or what is applied
	Hex    string `json:"s,omitempty"`      // raw: the update
	// V2 takes updates, and makes them, in format 2; Raw2 says that the update
	// of a raw step is written down in it.
	V2   bool `json:"v2,omitempty"`
	Raw2 bool `json:"raw2,omitempty"`
	Ops  []Op `json:"ops,omitempty"`
}

// StepKind names what a Step does.
type StepKind string

// The kinds of Step. "The log" is every update that anybody ever produced.
const (
	StepEdit      StepKind = "edit"      // one transaction of Ops
	StepDeliver   StepKind = "deliver"   // the next N local updates of From
	StepSkip      StepKind = "skip"      // lose the next update of From
	StepOld       StepKind = "old"       // any update of the log
	StepSync      StepKind = "sync"      // what To lacks of From's state
	StepPart      StepKind = "part"      // what a third replica lacks of From's state
	StepCut       StepKind = "cut"       // From's state from some clocks on
	StepMerge     StepKind = "merge"     // join updates of the log without a document
	StepDiff      StepKind = "diff"      // cut an update of the log without a document
	StepRaw       StepKind = "raw"       // an update made by hand
	StepReload    StepKind = "reload"    // start again from the encoded state
	StepDefine    StepKind = "define"    // define a root type
	StepSetID     StepKind = "setid"     // go on under another client id
	StepConverged StepKind = "converged" // do all replicas show the same?
	StepWatch     StepKind = "watch"     // observe a type from now on
	StepUnwatch   StepKind = "unwatch"   // stop observing
	StepUndoOpen  StepKind = "undoopen"  // start an undo manager
	StepUndo      StepKind = "undo"      // undo, redo, and so on
	StepSnap      StepKind = "snap"      // take a snapshot and look back
	StepMark      StepKind = "mark"      // make and look up relative positions
	StepClone     StepKind = "clone"     // go on with a copy of the document
	StepSubdoc    StepKind = "subdoc"    // Ops on subdocuments, without a transaction
)

// choice returns one of Picks, of which shrinking may leave fewer.
func (s Step) choice(i int) int { return s.Picks[i%len(s.Picks)] }

// usesFormat tells whether a step exchanges or makes updates.
func (k StepKind) usesFormat() bool {
	switch k {
	case StepDeliver, StepOld, StepSync, StepPart, StepCut, StepMerge, StepDiff, StepRaw, StepReload, StepSnap:
		return true
	}
	return false
}

// applies tells whether a step applies updates that others made.
func (k StepKind) applies() bool {
	return k.usesFormat() && k != StepReload && k != StepSnap
}

// Op is one operation on one shared type.
type Op struct {
	Kind   string      `json:"k"`
	Target int         `json:"t,omitempty"`  // which of the types it could go to
	Inside bool        `json:"in,omitempty"` // of those that are no roots
	Index  int         `json:"i,omitempty"`  // or AtEnd, AtCaret
	Length int         `json:"n,omitempty"`
	Max    int         `json:"m,omitempty"` // Length stays below; 0: no limit
	Key    string      `json:"key,omitempty"`
	Text   string      `json:"s,omitempty"`
	Values []Val       `json:"v,omitempty"`
	Attrs  []Attr      `json:"a,omitempty"`
	Delta  []DeltaPart `json:"d,omitempty"`
}

// Positions of an Op with a meaning of their own.
const (
	AtEnd   = -1
	AtCaret = -2 // where the replica's last edit ended
)

// DeltaPart is one part of a delta: "insert", "retain" or "delete".
type DeltaPart struct {
	Kind  string `json:"k"`
	N     int    `json:"n,omitempty"`
	Value *Val   `json:"v,omitempty"`
	Attrs []Attr `json:"a,omitempty"`
}

// Attr is a formatting attribute.
type Attr struct {
	Key   string `json:"k"`
	Value Val    `json:"v"`
}

// Val is a value to insert: a plain one ("undefined", "null", "bool",
// "number", "bigint", "string", "bytes", "list", "object"), a subdocument
// ("subdoc"), or an empty shared type ("Text", "Array", "Map", "Fragment",
// "Element", "XmlText", "Hook").
type Val struct {
	Kind  string   `json:"k"`
	Text  string   `json:"s,omitempty"` // scalar, hex, guid or name of a node
	List  []Val    `json:"l,omitempty"` // elements, or values of an object
	Names []string `json:"n,omitempty"` // keys of an object, flags of a subdocument
}

// ParseProgram reads the JSON form of a program.
func ParseProgram(text []byte) (Program, error) {
	var p Program
	if err := json.Unmarshal(text, &p); err != nil {
		return Program{}, fmt.Errorf("parse program: %w", err)
	}
	for i, s := range p.Steps {
		if s.To >= len(p.Replicas) || s.From >= len(p.Replicas) {
			return Program{}, fmt.Errorf("parse program: step %d names a replica that is not there", i)
		}
	}
	return p, nil
}

// String returns the JSON form, one line a step.
func (p Program) String() string {
	steps := p.Steps
	p.Steps = nil
	head, err := json.Marshal(p)
	if err != nil {
		return err.Error()
	}
	out := string(head[:len(head)-len("null}")]) + "["
	for i, s := range steps {
		line, err := json.Marshal(s)
		if err != nil {
			return err.Error()
		}
		if i > 0 {
			out += ","
		}
		out += "\n" + string(line)
	}
	return out + "\n]}\n"
}
