package oracle

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"
)

// TestOldDocuments takes documents of Yjs 13.2 into both engines, in both
// formats, and edits them.
func TestOldDocuments(t *testing.T) {
	text, err := os.ReadFile("../../testdata/yjs/documents-13.2.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Documents []struct {
			Root   string
			Update []byte
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	o := start(t)
	for _, old := range file.Documents {
		p := Program{Replicas: []Replica{{ID: 1 << 40}, {ID: 1<<40 + 1}}}
		update := hex.EncodeToString(old.Update)
		edit := map[string]Op{
			"array": {Kind: "array.delete", Index: 20, Length: 30},
			"map":   {Kind: "map.set", Key: "one", Values: []Val{{Kind: "null"}}},
			"text":  {Kind: "text.delete", Index: 20, Length: 30},
		}[old.Root]
		p.Steps = []Step{
			{Kind: StepRaw, To: 0, N: 1, Hex: update},
			{Kind: StepRaw, To: 1, N: 1, Hex: update, V2: true},
			{Kind: StepEdit, To: 0, Ops: []Op{edit}},
			{Kind: StepMerge, To: 1, Picks: []int{0, 1, 2}, N: 1},
			{Kind: StepMerge, To: 1, Picks: []int{0, 1, 2}, N: 1, V2: true},
			{Kind: StepDiff, To: 1, From: 1, Picks: []int{0, 7, 3, 50}, V2: true},
			{Kind: StepSync, To: 1, From: 0, V2: true},
			{Kind: StepReload, To: 1, V2: true},
			{Kind: StepConverged},
		}
		d, err := o.Check(p)
		if err != nil {
			t.Fatal(err)
		}
		if d != nil {
			t.Errorf("%s: %v", old.Root, d)
		}
	}
}
