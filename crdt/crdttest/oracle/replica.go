package oracle

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sheafdocs/sheaf/crdt"
)

// root is a shared type at the top of every document.
type root struct {
	name string
	get  func(*crdt.Doc, string) crdt.Shared
}

// roots are all of them, in the order in which edits find them.
var roots = [...]*root{
	{"text", func(d *crdt.Doc, name string) crdt.Shared { return d.Text(name) }},
	{"array", func(d *crdt.Doc, name string) crdt.Shared { return d.Array(name) }},
	{"map", func(d *crdt.Doc, name string) crdt.Shared { return d.Map(name) }},
	{"xml", func(d *crdt.Doc, name string) crdt.Shared { return d.XMLFragment(name) }},
	{"element", func(d *crdt.Doc, name string) crdt.Shared { return d.XMLElement(name) }},
	{"xmltext", func(d *crdt.Doc, name string) crdt.Shared { return d.XMLText(name) }},
}

// roots are those of a program.
func (p Program) roots() []*root {
	if p.XMLText {
		return roots[:]
	}
	return roots[:len(roots)-1]
}

// replica is one document of a run.
type replica struct {
	world   *world
	id      crdt.ClientID
	noGC    bool
	keep    int
	doc     *crdt.Doc
	own     []*update        // updates of local transactions, in order
	cursors map[*replica]int // how many of another's own were delivered
	events  []event
	caret   int
	defined []*root
	watches watches
	undo    undo
	hooks   hooks
	noted   bool // hooks are
	subdocs subdocs
	by      any // origin of what is applied
}

// event is an update that a transaction made.
type event struct {
	update *update
	local  bool
}

func newReplica(w *world, config Replica, lazy bool) *replica {
	r := &replica{world: w, id: crdt.ClientID(config.ID), noGC: config.NoGC, keep: config.Keep, cursors: map[*replica]int{}}
	r.watches = watches{replica: r, onRoots: config.Watch, react: config.React}
	r.undo, r.noted = undo{replica: r}, config.Hooks
	if !lazy {
		r.defined = w.program.roots()
	}
	r.open()
	return r
}

func (r *replica) open() { r.attach(crdt.NewDoc(r.config())) }

func (r *replica) config() crdt.Config {
	config := crdt.Config{ClientID: r.id, DisableGC: r.noGC, GUID: "oracle"}
	if r.keep > 0 {
		config.GCFilter = r.collects
	}
	return config
}

// attach goes on with a document.
func (r *replica) attach(d *crdt.Doc) {
	r.doc = d
	r.watches.reset()
	r.undo.reset()
	if r.noted {
		r.hooks.watch(r.doc)
	}
	r.subdocs.watch(r.doc)
	for _, s := range r.shared() {
		r.watches.root(s)
	}
	r.doc.OnUpdate(func(e crdt.UpdateEvent) {
		u := made(slices.Clone(e.Update), false)
		r.events = append(r.events, event{u, e.Local})
		r.world.log = append(r.world.log, u)
		if e.Local {
			r.own = append(r.own, u)
		}
	})
	r.doc.OnUpdateV2(func(e crdt.UpdateEvent) {
		r.world.log[len(r.world.log)-1].v2 = slices.Clone(e.Update)
	})
}

// The bits of Replica.Keep.
const (
	keepRootText = 1 << iota
	keepEvenClients
)

// collects tells whether deleted content is not to be kept.
func (r *replica) collects(i crdt.DeletedItem) bool {
	inText := len(r.defined) > 0 && r.defined[0] == roots[0] && i.Inside(r.doc.Text(roots[0].name))
	return !(r.keep&keepRootText != 0 && inText || r.keep&keepEvenClients != 0 && i.Units().Client%2 == 0)
}

// reload starts again from the encoded state, as after a restart.
func (r *replica) reload(v2 bool) error {
	state := made(r.state(nil, v2), v2)
	r.open()
	r.watches.reactions = len(r.watches.react) // in Yjs there is no client id yet to edit under
	return r.apply(state, v2)
}

// reloaded returns what the document shows after it was written in format 1,
// whose JSON knows neither minus zero nor infinite numbers, and read again.
func (r *replica) reloaded() string {
	again := &replica{doc: crdt.NewDoc(crdt.Config{DisableFormatCleanup: true}), defined: r.defined}
	again.shared()
	if err := again.doc.ApplyUpdate(r.state(nil, false), nil); err != nil {
		return err.Error()
	}
	return again.dump()
}

// state returns what a replica with the given state vector lacks.
func (r *replica) state(known crdt.StateVector, v2 bool) []byte {
	if v2 {
		return r.doc.EncodeStateAsUpdateV2(known)
	}
	return r.doc.EncodeStateAsUpdate(known)
}

func (r *replica) define(d *root) {
	if slices.Contains(r.defined, d) {
		return
	}
	r.defined = append(slices.Clone(r.defined), d)
	slices.SortFunc(r.defined, func(a, b *root) int { return slices.Index(roots[:], a) - slices.Index(roots[:], b) })
	r.watches.root(d.get(r.doc, d.name))
}

// shared returns the defined root types.
func (r *replica) shared() []crdt.Shared {
	list := make([]crdt.Shared, len(r.defined))
	for i, d := range r.defined {
		list[i] = d.get(r.doc, d.name)
	}
	return list
}

func (r *replica) apply(u *update, v2 bool) error {
	bytes, err := u.in(v2)
	switch {
	case err != nil:
		return err
	case v2:
		return r.doc.ApplyUpdateV2(bytes, r.by)
	}
	return r.doc.ApplyUpdate(bytes, r.by)
}

func (r *replica) edit(origin string, ops []Op) (err error) {
	r.doc.Transact(asOrigin(origin), func(tx *crdt.Txn) {
		for _, op := range ops {
			if err == nil {
				err = r.editOne(tx, op)
			}
		}
	})
	return err
}

// asOrigin returns an origin of a program, none for the empty one.
func asOrigin(name string) any {
	if name == "" {
		return nil
	}
	return name
}

func (r *replica) dump() string { return r.print(dump) }

func (r *replica) json() string {
	return r.print(func(b *strings.Builder, s crdt.Shared) { plain(b, s.JSON(), sortedKeys) })
}

func (r *replica) print(write func(*strings.Builder, crdt.Shared)) string {
	var b strings.Builder
	for i, s := range r.shared() {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(r.defined[i].name + "=")
		write(&b, s)
	}
	return b.String()
}

// nodes names what is below each XML fragment, in the order of the document.
func (r *replica) nodes() string {
	var b strings.Builder
	for _, s := range find(r.shared(), isXML) {
		for n := range fragment(s).Descendants() {
			b.WriteString(typeName(n) + " ")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// observe writes down what can be seen of the replica.
func (r *replica) observe(o *Observation) {
	for _, e := range r.events {
		name := "remote update"
		if e.local {
			name = "local update"
		}
		o.add(name, e.update.v1)
		o.add("the same in format 2", e.update.v2)
	}
	r.watches.write(o)
	r.undo.write(o)
	r.hooks.write(o)
	r.subdocs.write(r.doc, o)
	o.add("state", r.state(nil, false))
	o.add("state in format 2", r.state(nil, true))
	o.add("state vector", r.doc.StateVector().Encode())
	o.add("pending", strconv.AppendBool(nil, r.doc.HasPending()))
	o.add("contents", []byte(r.dump()))
	o.add("json", []byte(r.json()))
	o.add("nodes", []byte(r.nodes()))
}
