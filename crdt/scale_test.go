package crdt

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// workloads are patterns of editing that tend to become quadratic. Each runs
// at a size and again at ten times the size; the time per edit in the report
// must not grow with it.
var workloads = map[string]func(b testing.TB, n int){
	"append":  func(b testing.TB, n int) { typing(b, n, func(len int) int { return len }) },
	"prepend": func(b testing.TB, n int) { typing(b, n, func(int) int { return 0 }) },
	"random": func(b testing.TB, n int) {
		r := rand.New(rand.NewPCG(1, 2))
		typing(b, n, func(len int) int { return r.IntN(len + 1) })
	},
	"middle":   func(b testing.TB, n int) { typing(b, n, func(len int) int { return len / 2 }) },
	"two ends": func(b testing.TB, n int) { typing(b, n, func(len int) int { return len * (len & 1) }) },
	"into a paste": func(b testing.TB, n int) {
		d, text := pasted(b, strings.Repeat("é", n))
		for i := range n / 2 {
			change(b, d, func(tx *Txn) error { return text.Insert(tx, 2*i+1, "x") })
		}
	},
	"delete a paste from the front": func(b testing.TB, n int) {
		d, text := pasted(b, strings.Repeat("é", n))
		for range n {
			change(b, d, func(tx *Txn) error { return text.Delete(tx, 0, 1) })
		}
	},
	"delete a paste from the back": func(b testing.TB, n int) {
		d, text := pasted(b, strings.Repeat("é", n))
		for i := range n {
			change(b, d, func(tx *Txn) error { return text.Delete(tx, n-1-i, 1) })
		}
	},
	"type and erase": func(b testing.TB, n int) {
		d, text := pasted(b, "ab")
		for range n {
			change(b, d, func(tx *Txn) error { return text.Insert(tx, 1, "x") })
			change(b, d, func(tx *Txn) error { return text.Delete(tx, 1, 1) })
		}
	},
	"format words": func(b testing.TB, n int) {
		d, text := pasted(b, strings.Repeat("word ", n))
		for i := range n / 10 {
			change(b, d, func(tx *Txn) error { return text.Format(tx, i*50, 4, bold) })
		}
	},
	"same map key": func(b testing.TB, n int) {
		d := NewDoc(Config{ClientID: 1})
		for i := range n {
			change(b, d, func(tx *Txn) error { return d.Map("m").Set(tx, "k", Number(float64(i))) })
		}
	},
	"many map keys": func(b testing.TB, n int) {
		d := NewDoc(Config{ClientID: 1})
		for i := range n {
			change(b, d, func(tx *Txn) error { return d.Map("m").Set(tx, fmt.Sprint(i), Number(float64(i))) })
		}
	},
	"array push": func(b testing.TB, n int) {
		d := NewDoc(Config{ClientID: 1})
		for i := range n {
			change(b, d, func(tx *Txn) error { return d.Array("a").Push(tx, Number(float64(i))) })
		}
	},
	"elements": func(b testing.TB, n int) {
		d := NewDoc(Config{ClientID: 1})
		x := d.XMLFragment("x")
		for i := range n {
			change(b, d, func(tx *Txn) error { return x.Insert(tx, i/2, NewXMLElement("p")) })
		}
	},
	"many clients": func(b testing.TB, n int) {
		d := NewDoc(Config{})
		for i := range n {
			d.SetClientID(ClientID(1 + (i*7919)%1000003))
			change(b, d, func(tx *Txn) error { return d.Text("t").Insert(tx, i/2, "x") })
		}
	},
	"backwards delivery": func(b testing.TB, n int) {
		d := NewDoc(Config{ClientID: 1})
		updates := updatesOf(d)
		for i := range n {
			change(b, d, func(tx *Txn) error { return d.Text("t").Insert(tx, i/2, "x") })
		}
		remote := NewDoc(Config{})
		for i := range *updates {
			if err := remote.ApplyUpdate((*updates)[n-1-i], nil); err != nil {
				b.Fatal(err)
			}
		}
		if remote.HasPending() || remote.Text("t").Len() != n {
			b.Fatal("not everything arrived")
		}
	},
}

func pasted(b testing.TB, s string) (*Doc, *Text) {
	d := NewDoc(Config{ClientID: 1})
	d.OnUpdate(func(UpdateEvent) {})
	text := d.Text("t")
	change(b, d, func(tx *Txn) error { return text.Insert(tx, 0, s) })
	return d, text
}

func change(b testing.TB, d *Doc, f func(tx *Txn) error) {
	d.Transact(nil, func(tx *Txn) {
		if err := f(tx); err != nil {
			b.Fatal(err)
		}
	})
}

// typing inserts single characters and sends each to another replica.
func typing(b testing.TB, n int, at func(len int) int) {
	d, remote := NewDoc(Config{ClientID: 1}), NewDoc(Config{})
	d.OnUpdate(func(u UpdateEvent) {
		if err := remote.ApplyUpdate(u.Update, nil); err != nil {
			b.Fatal(err)
		}
	})
	text := d.Text("t")
	for i := range n {
		change(b, d, func(tx *Txn) error { return text.Insert(tx, at(i), "x") })
	}
}

func BenchmarkScale(b *testing.B) {
	for name, work := range workloads {
		for _, n := range []int{5_000, 50_000} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				for b.Loop() {
					work(b, n)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/edit")
			})
		}
	}
}

// TestWorkloads runs the workloads small, for their results' sake.
func TestWorkloads(t *testing.T) {
	for name, work := range workloads {
		t.Run(name, func(t *testing.T) { work(t, 300) })
	}
}
