//go:build !js

package badgerstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/sheafdocs/sheaf/node/store"
)

// errInterrupted ends a scrub when the store is closed or opened anew.
var errInterrupted = errors.New("interrupted")

// Scrub reads every record and checks it, and compares their numbers with what
// should be there, as opening does. Commits and reads go on meanwhile, unless
// something is wrong: then commits wait while damaged records are removed, their
// bytes kept aside, and what is missing is noted.
func (s *Store) Scrub(ctx context.Context) (Report, error) {
	report, err := s.scrub(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("scrub: %w", err)
	}
	return report, nil
}

func (s *Store) scrub(ctx context.Context) (Report, error) {
	found, want, err := s.surveyNow(ctx)
	if err != nil {
		return Report{}, err
	}
	report := Report{}
	if len(found.corrupt) > 0 || len(difference(want.shelfs, found.shelfs)) > 0 {
		if err := s.between(ctx, func() error { return s.writeOffNow(&report) }); err != nil {
			return report, err
		}
		s.tellDamage()
		s.log.Error("store was damaged", "report", report.String())
	}
	report.Damaged = s.marks.list()
	return report, nil
}

// surveyNow surveys the store, and says what should be there.
func (s *Store) surveyNow(ctx context.Context) (found *survey, want groupNote, err error) {
	// The transaction and the tallies must be of the same moment: between two
	// groups.
	var db *badger.DB
	var txn *badger.Txn
	err = s.between(ctx, func() error {
		if s.db == nil || s.broken {
			return errUnavailable
		}
		db, txn, want = s.db, s.db.NewTransaction(false), s.tally.snapshot()
		return nil
	})
	if err != nil {
		return nil, want, err
	}
	found, err = s.surveyWhileOpen(ctx, db, txn)
	return found, want, err
}

// surveyWhileOpen surveys txn, and discards it, without keeping others from
// closing Badger or opening it anew.
func (s *Store) surveyWhileOpen(ctx context.Context, db *badger.DB, txn *badger.Txn) (found *survey, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.db != db {
		return nil, errInterrupted // txn went with it
	}
	err = guard(func() error {
		defer txn.Discard()
		found, err = surveyTxn(txn, func() error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-s.stop:
				return store.ErrClosed
			default:
			}
			if s.reviving.Load() {
				return errInterrupted
			}
			return nil
		})
		return err
	})
	return found, err
}

// writeOffNow surveys the store and writes off what is damaged or missing. It is
// run by the writer.
func (s *Store) writeOffNow(report *Report) error {
	found, err := surveyDB(s.db)
	if err != nil {
		return err
	}
	r := &repair{store: s, report: report}
	want := s.tally.snapshot()
	have := groupNote{seq: want.seq, shelfs: found.shelfs}
	if have, err = r.writeOff(s.db, want, have, found, difference(want.shelfs, found.shelfs)); err != nil {
		return err
	}
	s.tally.reset(have)
	return s.journal.restart(s.tally.snapshot())
}

// between lets the writer run f between two groups.
func (s *Store) between(ctx context.Context, f func() error) error {
	return s.submit(ctx, &request{ctx: ctx, run: f, done: make(chan error, 1)})
}
