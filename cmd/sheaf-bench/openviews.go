//go:build !js

package main

import (
	"context"
	"errors"
	"time"

	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/store/badgerstore"
)

// leaveAlone has a node open a store, and again, until all its documents have
// a view. It returns the bytes these take in the store.
func leaveAlone(dir string) (viewBytes int64, err error) {
	const tries = 20
	for range tries {
		_, stop, err := benchNode(dir, nil)
		if err != nil {
			return 0, err
		}
		time.Sleep(15 * time.Second)
		if err := stop(); err != nil {
			return 0, err
		}
		if every, bytes, err := withViews(dir, nil); every || err != nil {
			return bytes, err
		}
	}
	return 0, errors.New("documents left alone have no view")
}

// dropViews deletes the views in a store, so that the log is merged.
func dropViews(dir string) error {
	var b store.Batch
	_, _, err := withViews(dir, &b)
	return err
}

// withViews says whether every document in a store has a view and the bytes of
// all, and deletes them by the batch, if there is one.
func withViews(dir string, gone *store.Batch) (every bool, bytes int64, err error) {
	st, _, err := badgerstore.Open(badgerstore.Config{Dir: dir})
	if err != nil {
		return false, 0, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	docs, err := st.Documents(context.Background())
	if err != nil {
		return false, 0, err
	}
	every = true
	var views []store.Key
	for _, id := range docs {
		before := len(views)
		for r, err := range st.Scan(context.Background(), id, store.KindLocal, "view/") {
			if err != nil {
				return false, 0, err
			}
			views = append(views, r.Key)
			bytes += int64(len(r.Value))
		}
		every = every && len(views) > before
	}
	if gone == nil {
		return every, bytes, nil
	}
	gone.Delete = views
	return every, bytes, st.Commit(context.Background(), gone)
}
