package crdt_test

import (
	"fmt"
	"sync"

	"github.com/sheafdocs/sheaf/crdt"
)

// Goroutines read a document at the same time, and one of them writes.
func ExampleDoc() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	text := d.Text("body") // a root is defined before others read
	var mu sync.RWMutex

	var work sync.WaitGroup
	work.Go(func() {
		mu.Lock()
		defer mu.Unlock()
		d.Transact(nil, func(tx *crdt.Txn) { must(text.Insert(tx, 0, "written")) })
	})
	for range 4 {
		work.Go(func() {
			mu.RLock()
			defer mu.RUnlock()
			if s := text.String(); s != "" && s != "written" {
				fmt.Println("half of it:", s)
			}
		})
	}
	work.Wait()
	fmt.Println(text)
	// Output: written
}
