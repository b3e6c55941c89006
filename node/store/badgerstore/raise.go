//go:build !js

package badgerstore

import (
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/dgraph-io/badger/v4"
)

// raise opens Badger, repairs what needs it, and brings tallies, ring and journal
// in line with what is really there. It is called by Open, and by the writer after
// a failed flush, with s.mu held.
func (s *Store) raise() (Report, error) {
	want, known, err := loadJournal(s.cfg.Dir)
	if err != nil {
		return Report{}, err
	}
	var report Report
	rep := &repair{store: s, report: &report, journal: known}
	if err := rep.before(); err != nil {
		return report, err
	}
	db, err := rep.open()
	if err != nil {
		return report, err
	}
	have, err := rep.settle(db, want, known)
	if err != nil {
		_ = guard(db.Close)
		return report, err
	}
	s.tally.reset(have)
	for _, step := range []func() error{
		// In this order: what is lost is marked in Badger before the journal
		// forgets it.
		func() error { return rep.complete(db) },
		func() error { return s.journal.restart(s.tally.snapshot()) },
		rep.done,
	} {
		if err := step(); err != nil {
			_ = guard(db.Close)
			return report, err
		}
	}
	s.db = db
	report.Damaged = s.marks.list()
	s.tellDamage()
	if !report.Clean() {
		s.log.Error("store was damaged", "report", report.String())
	}
	return report, nil
}

// settle compares what is in db with what should be, brings back what it can, and
// writes down what is lost. It returns the tallies of what is there.
func (r *repair) settle(db *badger.DB, want *tallies, known bool) (groupNote, error) {
	found, err := surveyDB(db)
	if err != nil {
		return groupNote{}, err
	}
	expected, verified := found.expected(want, known)
	if verified && len(difference(expected.shelfs, found.shelfs)) > 0 && r.suspects() {
		if err := r.salvage(db); err != nil {
			return groupNote{}, err
		}
		if found, err = surveyDB(db); err != nil {
			return groupNote{}, err
		}
	}
	r.report.Unverified = !verified
	have := groupNote{seq: max(expected.seq, found.lastSeq()), shelfs: found.shelfs}
	lost := difference(expected.shelfs, found.shelfs)
	if !verified {
		lost = nil
	}
	r.store.live = found.bytes
	r.store.marks.mu.Lock()
	r.store.marks.set = found.marks
	r.store.marks.mu.Unlock()
	if len(lost) == 0 && len(found.corrupt) == 0 {
		return have, nil
	}
	return r.writeOff(db, expected, have, found, lost)
}

// writeOff removes damaged records, after keeping their bytes, and marks the
// shelves that lack something.
func (r *repair) writeOff(db *badger.DB, expected, have groupNote, found *survey, lost []shelfID) (groupNote, error) {
	if len(found.corrupt) > 0 {
		if err := r.keepCorrupt(found.corrupt); err != nil {
			return have, err
		}
		wb := db.NewWriteBatch()
		defer wb.Cancel()
		for _, c := range found.corrupt {
			if err := wb.Delete(c.key); err != nil {
				return have, fmt.Errorf("remove damaged record: %w", err)
			}
		}
		if err := wb.Flush(); err != nil {
			return have, fmt.Errorf("remove damaged records: %w", err)
		}
	}
	now := time.Now()
	marked := maps.Clone(found.marks)
	for _, id := range lost {
		d := Damage{Doc: id.doc, Kind: id.kind, Want: expected.shelfs[id].count, Have: have.shelfs[id].count, Found: now}
		if old, ok := marked[id]; ok {
			d.Want = max(d.Want, old.Want)
		}
		marked[id] = d
	}
	// A million damaged shelves would not fit one transaction; marks come before
	// the tallies, so that after a crash in between they are only found again.
	wb := db.NewWriteBatch()
	defer wb.Cancel()
	for _, id := range lost {
		key := markKey(id)
		if err := wb.Set(key, sealValue(key, encodeMark(marked[id]))); err != nil {
			return have, fmt.Errorf("mark damage: %w", err)
		}
	}
	if err := wb.Flush(); err != nil {
		return have, fmt.Errorf("mark damage: %w", err)
	}
	r.store.marks.mu.Lock()
	r.store.marks.set = marked
	r.store.marks.mu.Unlock()
	return have, nil
}

// survey is what a full read of Badger found.
type survey struct {
	shelfs  map[shelfID]tally
	notes   map[uint64]groupNote // by seq
	marks   map[shelfID]Damage
	corrupt []corruptRecord
	records int
	bytes   int64 // of keys and values
}

// corruptRecord is a record that failed its hash, as found.
type corruptRecord struct {
	key, stored []byte
	reason      string
}

// surveyDB reads and checks every record.
func surveyDB(db *badger.DB) (*survey, error) {
	var v *survey
	err := guard(func() error {
		txn := db.NewTransaction(false)
		defer txn.Discard()
		var err error
		v, err = surveyTxn(txn, func() error { return nil })
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("check records: %w", err)
	}
	return v, nil
}

// surveyTxn asks now and then whether to go on.
func surveyTxn(txn *badger.Txn, goOn func() error) (*survey, error) {
	v := &survey{shelfs: make(map[shelfID]tally), notes: make(map[uint64]groupNote), marks: make(map[shelfID]Damage)}
	it := txn.NewIterator(badger.IteratorOptions{})
	defer it.Close()
	const askEvery = 256
	n := 0
	for it.Rewind(); it.Valid(); it.Next() {
		if n%askEvery == 0 {
			if err := goOn(); err != nil {
				return nil, err
			}
		}
		n++
		item := it.Item()
		key := item.Key()
		err := item.Value(func(stored []byte) error {
			if reason := v.take(key, stored); reason != nil {
				v.corrupt = append(v.corrupt, corruptRecord{
					key:    append([]byte(nil), key...),
					stored: append([]byte(nil), stored...),
					reason: reason.Error(),
				})
			}
			return nil
		})
		if err != nil {
			v.corrupt = append(v.corrupt, corruptRecord{key: append([]byte(nil), key...), reason: err.Error()})
		}
	}
	return v, nil
}

var errStrange = errors.New("not a key of ours")

// take counts one pair, or returns why it is damaged.
func (v *survey) take(key, stored []byte) error {
	value, sum, err := openValue(key, stored)
	if err != nil {
		return err
	}
	switch key[0] {
	case spaceRecord:
		k, err := parseRecordKey(key)
		if err != nil {
			return err
		}
		id := shelfOf(k)
		v.shelfs[id] = v.shelfs[id].with(sum)
		v.records++
		v.bytes += int64(len(key) + len(stored))
	case spaceGroup:
		n, err := decodeNote(value)
		if err != nil {
			return err
		}
		v.notes[n.seq] = n
	case spaceMark:
		d, err := decodeMark(key, value)
		if err != nil {
			return err
		}
		v.marks[shelfID{d.Doc, d.Kind}] = d
	default:
		return errStrange
	}
	return nil
}

// lastSeq is the number of the last group in the ring.
func (v *survey) lastSeq() uint64 {
	var last uint64
	for seq := range v.notes {
		last = max(last, seq)
	}
	return last
}

// expected is what should be there: what the journal says, completed by the groups
// of the ring that it lacks. verified is false if the journal cannot say.
func (v *survey) expected(journal *tallies, known bool) (n groupNote, verified bool) {
	last := v.lastSeq()
	if !known {
		// A new store has neither; anything else has lost its journal.
		return groupNote{seq: last, shelfs: v.shelfs}, last == 0 && v.records == 0
	}
	for seq := journal.seq + 1; seq <= last; seq++ {
		note, ok := v.notes[seq]
		if !ok {
			return groupNote{seq: last, shelfs: v.shelfs}, false
		}
		journal.apply(note)
	}
	return journal.snapshot(), true
}
