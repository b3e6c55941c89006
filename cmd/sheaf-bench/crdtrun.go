package main

import (
	"errors"
	"fmt"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/crdt/packed"
)

// encodeState returns a document as an update of a format.
func encodeState(doc *crdt.Doc, format int) []byte {
	if format == 2 {
		return doc.EncodeStateAsUpdateV2(nil)
	}
	return doc.EncodeStateAsUpdate(nil)
}

// applyAll applies the updates of an input one by one.
func applyAll(doc *crdt.Doc, in *crdtInput) error {
	apply := doc.ApplyUpdate
	if in.Format == 2 {
		apply = doc.ApplyUpdateV2
	}
	for i, u := range in.updates {
		if err := apply(u, nil); err != nil {
			return fmt.Errorf("update %d of %d: %w", i+1, len(in.updates), err)
		}
	}
	return nil
}

// insert types one string in a transaction of its own.
func insert(doc *crdt.Doc, at int, s string) error {
	return typeAll(doc, []edits{{{pos: at, text: s}}})
}

// typeAll makes edits, a transaction each.
func typeAll(doc *crdt.Doc, all []edits) error {
	text := doc.Text("text")
	var err error
	for i, list := range all {
		doc.Transact(nil, func(tx *crdt.Txn) {
			for _, e := range list {
				if e.del > 0 && err == nil {
					err = text.Delete(tx, e.pos, e.del)
				}
				if e.text != "" && err == nil {
					err = text.Insert(tx, e.pos, e.text)
				}
			}
		})
		if err != nil {
			return fmt.Errorf("transaction %d: %w", i, err)
		}
	}
	return nil
}

// documentDone is the result of a run that ends in a document, whose text is read as part of it.
func documentDone(doc *crdt.Doc, bytes int) done {
	text := doc.Text("text").String()
	type kept struct {
		doc  *crdt.Doc
		text string
	}
	return done{kept: &kept{doc, text}, bytes: bytes, text: func() (string, error) {
		if doc.HasPending() {
			return "", errors.New("some updates still wait for others")
		}
		return text, nil
	}}
}

// runLocal types a history, and an update comes of each transaction.
func runLocal(in *crdtInput) (done, error) {
	doc := crdt.NewDoc(crdt.Config{ClientID: paperClient})
	bytes := 0
	doc.OnUpdate(func(e crdt.UpdateEvent) { bytes += len(e.Update) })
	if err := typeAll(doc, in.Typed[0]); err != nil {
		return done{}, err
	}
	return documentDone(doc, bytes), nil
}

// runRemote applies updates, one or many, and reads the text.
func runRemote(in *crdtInput) (done, error) {
	doc := crdt.NewDoc(crdt.Config{})
	if err := applyAll(doc, in); err != nil {
		return done{}, err
	}
	bytes := 0
	for _, u := range in.updates {
		bytes += len(u)
	}
	return documentDone(doc, bytes), nil
}

// runMerge merges updates without a document.
func runMerge(in *crdtInput) (done, error) {
	merged, err := crdt.MergeUpdates(in.updates...)
	if err != nil {
		return done{}, err
	}
	return done{kept: &merged, bytes: len(merged), text: func() (string, error) { return textOf(merged, 1) }}, nil
}

// runEncode loads a state and encodes it again.
func runEncode(in *crdtInput) (done, error) {
	doc := crdt.NewDoc(crdt.Config{})
	if err := applyAll(doc, in); err != nil {
		return done{}, err
	}
	state := encodeState(doc, in.Format)
	return done{kept: &state, bytes: len(state), text: func() (string, error) { return textOf(state, in.Format) }}, nil
}

// runPack loads a state and packs it, as a document at rest lies on disk.
func runPack(in *crdtInput) (done, error) {
	doc := crdt.NewDoc(crdt.Config{})
	if err := applyAll(doc, in); err != nil {
		return done{}, err
	}
	rest := packed.Pack(doc)
	return done{kept: &rest, bytes: len(rest), text: func() (string, error) { return textAtRest(rest) }}, nil
}

// textAtRest returns the text of a packed document, without its history.
func textAtRest(rest []byte) (string, error) {
	file, err := packed.Open(rest)
	if err != nil {
		return "", err
	}
	visible, err := file.Visible()
	if err != nil {
		return "", err
	}
	return visible.Text("text").String(), nil
}

// textOf loads an update, for a check.
func textOf(update []byte, format int) (string, error) {
	doc := crdt.NewDoc(crdt.Config{})
	if err := applyAll(doc, &crdtInput{Format: format, updates: [][]byte{update}}); err != nil {
		return "", err
	}
	if doc.HasPending() {
		return "", errors.New("some units wait for others")
	}
	return doc.Text("text").String(), nil
}

// runSent types at one replica, which sends each update to another.
func runSent(in *crdtInput) (done, error) {
	doc, peer := crdt.NewDoc(crdt.Config{ClientID: 1}), crdt.NewDoc(crdt.Config{ClientID: 2})
	bytes := 0
	var sendErr error
	doc.OnUpdate(func(e crdt.UpdateEvent) {
		bytes += len(e.Update)
		sendErr = errors.Join(sendErr, peer.ApplyUpdate(e.Update, nil))
	})
	if err := errors.Join(typeAll(doc, in.Typed[0]), sendErr); err != nil {
		return done{}, err
	}
	return bothDone(doc, peer, bytes), nil
}

// runExchanged types at two replicas that do not hear of each other, and then
// exchanges the updates.
func runExchanged(in *crdtInput) (done, error) {
	docs := [2]*crdt.Doc{crdt.NewDoc(crdt.Config{ClientID: 1}), crdt.NewDoc(crdt.Config{ClientID: 2})}
	if err := insert(docs[0], 0, in.Start); err != nil {
		return done{}, err
	}
	if err := docs[1].ApplyUpdate(docs[0].EncodeStateAsUpdate(nil), nil); err != nil {
		return done{}, err
	}
	var sent [2][][]byte
	bytes := 0
	for i, doc := range docs {
		cancel := doc.OnUpdate(func(e crdt.UpdateEvent) {
			sent[i] = append(sent[i], e.Update)
			bytes += len(e.Update)
		})
		if err := typeAll(doc, in.Typed[i]); err != nil {
			return done{}, err
		}
		cancel()
	}
	for i, doc := range docs {
		for _, u := range sent[1-i] {
			if err := doc.ApplyUpdate(u, nil); err != nil {
				return done{}, err
			}
		}
	}
	return bothDone(docs[0], docs[1], bytes), nil
}

// bothDone is the result of two replicas, which must say the same.
func bothDone(a, b *crdt.Doc, bytes int) done {
	first := documentDone(a, bytes)
	return done{kept: &[2]*crdt.Doc{a, b}, bytes: bytes, text: func() (string, error) {
		text, err := first.text()
		if other := b.Text("text").String(); err == nil && other != text {
			return "", fmt.Errorf("the replicas differ: one has %d bytes of text, the other %d", len(text), len(other))
		}
		return text, err
	}}
}
