//go:build !js

package badgerstore_test

import (
	"testing"

	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/store/badgerstore"
	"github.com/sheafdocs/sheaf/node/store/storetest"
)

// place opens stores in one directory and demands that each is found whole.
type place struct{ cfg badgerstore.Config }

func (p place) Open(t testing.TB) store.Store {
	t.Helper()
	s, report, err := badgerstore.Open(p.cfg)
	if err != nil {
		t.Fatal(err)
	}
	if !report.Clean() {
		t.Fatalf("report: %v", report)
	}
	return s
}

func TestSuite(t *testing.T) {
	storetest.Run(t, func(t testing.TB) storetest.Place {
		return place{badgerstore.Config{Dir: t.TempDir(), BallastBytes: -1}}
	})
}
