//go:build !js

package main

import (
	"strings"
	"testing"
)

func TestStatusTellsOfACopiedKey(t *testing.T) {
	var out strings.Builder
	printForked(&out, []documentStatus{{Title: "Whole"}})
	if out.Len() > 0 {
		t.Errorf("nothing to tell, and it says %q", out.String())
	}
	printForked(&out, []documentStatus{{Title: "Plan", Forked: true}, {Title: "Whole"}, {Title: "List", Forked: true}})
	want := "key      another copy of it has written in \"Plan\", \"List\"; all is kept, one version counts. Remove this device from another one and add it anew\n"
	if out.String() != want {
		t.Errorf("it says %q", out.String())
	}
}
