package crdt

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"
)

// oldDocuments are what Yjs's own tests keep of an earlier version.
func oldDocuments(t *testing.T) (list []struct {
	Root   string
	Update []byte
	Shows  any
}) {
	t.Helper()
	text, err := os.ReadFile("testdata/yjs/documents-13.2.json")
	if err != nil {
		t.Fatal(err)
	}
	file := struct{ Documents any }{&list}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return list
}

// TestOldDocuments loads documents of Yjs 13.2, as they are and in format 2.
func TestOldDocuments(t *testing.T) {
	for _, old := range oldDocuments(t) {
		t.Run(old.Root, func(t *testing.T) {
			v2, err := ConvertUpdateToV2(old.Update)
			if err != nil {
				t.Fatal(err)
			}
			docs := []*Doc{NewDoc(Config{}), NewDoc(Config{})}
			for i, err := range []error{docs[0].ApplyUpdate(old.Update, nil), docs[1].ApplyUpdateV2(v2, nil)} {
				if err != nil {
					t.Fatalf("in format %d: %v", i+1, err)
				}
				docs[i].check(t)
				if got := shownBy(t, docs[i], old.Root); !reflect.DeepEqual(got, old.Shows) {
					t.Errorf("in format %d: shows %v, want %v", i+1, got, old.Shows)
				}
			}
			if string(docs[0].EncodeStateAsUpdateV2(nil)) != string(docs[1].EncodeStateAsUpdateV2(nil)) {
				t.Error("the formats lead to different states")
			}
		})
	}
}

// shownBy returns what a root shows as encoding/json reads it.
func shownBy(t *testing.T, d *Doc, root string) any {
	t.Helper()
	var v Value
	switch root {
	case "array":
		v = d.Array(root).JSON()
	case "map":
		v = d.Map(root).JSON()
	case "text":
		var ops []Value
		for _, op := range d.Text(root).Delta() {
			fields := []Field{{"insert", op.Insert}}
			if op.Attrs != nil {
				var attrs []Field
				for _, a := range op.Attrs {
					attrs = append(attrs, Field(a))
				}
				fields = append(fields, Field{"attributes", ObjectOf(attrs...)})
			}
			ops = append(ops, ObjectOf(fields...))
		}
		v = ArrayOf(ops...)
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
