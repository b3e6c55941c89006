package crdt_test

import (
	"testing"

	"github.com/sheafdocs/sheaf/crdt"
)

// TestListAtSnapshot looks back at an array whose runs have grown over the
// snapshot and lost units on both sides of it.
func TestListAtSnapshot(t *testing.T) {
	d := crdt.NewDoc(crdt.Config{ClientID: 1, DisableGC: true})
	a := d.Array("a")
	push := func(values ...string) {
		d.Transact(nil, func(tx *crdt.Txn) {
			for _, v := range values {
				must(a.Push(tx, crdt.String(v)))
			}
		})
	}
	remove := func(index, length int) {
		d.Transact(nil, func(tx *crdt.Txn) { must(a.Delete(tx, index, length)) })
	}
	show := func(s crdt.Snapshot) string {
		out := ""
		for i, v := range a.AllAt(s) {
			if i != len(out) {
				t.Errorf("%s has index %d, want %d", v.Str(), i, len(out))
			}
			out += v.Str()
		}
		return out
	}
	check := func(name string, s crdt.Snapshot, want string) {
		t.Helper()
		if got := show(s); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	empty := d.Snapshot()
	push("a", "b", "c", "d", "e", "f")
	six := d.Snapshot()
	remove(1, 1)
	remove(2, 1)
	four := d.Snapshot() // without b and d
	push("g", "h")
	added := d.Snapshot()
	remove(0, 6)
	check("empty", empty, "")
	check("six", six, "abcdef")
	check("four", four, "acef")
	check("added", added, "acefgh")
	check("now", d.Snapshot(), "")
	check("none", crdt.Snapshot{}, "")
	for range a.AllAt(six) {
		break
	}
	for i := range crdt.NewArray().AllAt(six) {
		t.Errorf("a new array had an element %d", i)
	}
}

func TestKeysAtSnapshot(t *testing.T) {
	d := crdt.NewDoc(crdt.Config{ClientID: 1, DisableGC: true})
	m := d.Map("m")
	set := func(key string, n float64) {
		d.Transact(nil, func(tx *crdt.Txn) { must(m.Set(tx, key, crdt.Number(n))) })
	}
	set("a", 1)
	set("b", 2)
	first := d.Snapshot()
	set("a", 3)
	set("c", 4)
	d.Transact(nil, func(tx *crdt.Txn) { must(m.Delete(tx, "b")) })
	second := d.Snapshot()
	set("b", 5)
	for _, c := range []struct {
		name string
		at   crdt.Snapshot
		want map[string]float64
	}{
		{"first", first, map[string]float64{"a": 1, "b": 2}},
		{"second", second, map[string]float64{"a": 3, "c": 4}},
		{"now", d.Snapshot(), map[string]float64{"a": 3, "b": 5, "c": 4}},
		{"none", crdt.Snapshot{}, nil},
	} {
		n := 0
		for key, v := range m.AllAt(c.at) {
			n++
			if want, ok := c.want[key]; !ok || v.Number() != want {
				t.Errorf("%s: %s is %v", c.name, key, v.Number())
			}
		}
		if n != len(c.want) {
			t.Errorf("%s: %d keys, want %d", c.name, n, len(c.want))
		}
		for _, key := range []string{"a", "b", "c", "d"} {
			v, ok := m.GetAt(c.at, key)
			if want, has := c.want[key]; ok != has || v.Number() != want {
				t.Errorf("%s: GetAt(%s) is %v %v", c.name, key, v.Number(), ok)
			}
		}
	}
}

// TestCollectedAtSnapshot checks that what was collected is missing, and
// nothing else happens.
func TestCollectedAtSnapshot(t *testing.T) {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	m, a := d.Map("m"), d.Array("a")
	d.Transact(nil, func(tx *crdt.Txn) {
		must(m.Set(tx, "k", crdt.Number(1)))
		must(a.Push(tx, crdt.Number(1), crdt.Number(2)))
	})
	s := d.Snapshot()
	d.Transact(nil, func(tx *crdt.Txn) {
		must(m.Delete(tx, "k"))
		must(a.Delete(tx, 0, 1))
	})
	if v, ok := m.GetAt(s, "k"); ok {
		t.Errorf("collected value is %v", v)
	}
	for i, v := range a.AllAt(s) {
		if i != 0 || v.Number() != 2 {
			t.Errorf("element %d is %v", i, v.Number())
		}
	}
}
