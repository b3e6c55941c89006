// Package packed keeps documents at rest, in about a seventh of the bytes of
// their update and with what is visible in front, so that a text can be shown
// before, or without, reading its history. docs/formats/packed.md specifies the
// bytes, README.md of crdt explains why they are few.
//
// The main entry points are Pack, and Open with the methods of Document.
//
// The package promises to give back the bytes of EncodeStateAsUpdate, to notice
// damage by checksums, to reject malformed input with an error, to unpack at
// most MaxUnpackedBytes of each part, and to bound the number of items by the
// bytes they are in (FreeItems, ItemsPerByte). It is apart from crdt because who
// only merges need not pay for a compressor. It leaves out where the bytes are
// kept.
package packed

import (
	"bytes"
	"fmt"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/crdt/internal/columns"
)

// Pack returns the whole document in a form for storage. Nothing is left out;
// Document.Update gives back the bytes of EncodeStateAsUpdate, and Pack makes
// sure of that before it returns.
func Pack(d *crdt.Doc) []byte {
	state := d.EncodeStateAsUpdate(nil)
	f := d.Columns()
	if !f.Plain {
		out := encode(f)
		if p, err := Open(out); err == nil {
			if again, err := p.Update(); err == nil && bytes.Equal(again, state) {
				return out
			}
		}
	}
	// The columns cannot express the state: a key's newest value is deleted and
	// an older one is not, as only updates made by hand have it. Or hundreds of
	// thousands of equal edits pack into fewer bytes than may stand for them.
	return encode(columns.File{Plain: true, States: f.States, History: columns.Columns{state}})
}

// Document is a document in the form that Pack returns. Its methods may be
// called from several goroutines.
type Document struct {
	file *file
}

// Open reads the head of a packed document, which costs nothing to speak
// of. It keeps b, which must not change. The error wraps crdt.ErrMalformed, as
// all of this package do, but for crdt.ErrTooLarge of Doc and Visible where the
// document might pass crdt.MaxTextBytes.
func Open(b []byte) (*Document, error) {
	file, err := open(b)
	if err != nil {
		return nil, fmt.Errorf("open packed document: %w: %w", crdt.ErrMalformed, err)
	}
	return &Document{file}, nil
}

// IsPlain tells whether the document is kept as an update after all, because
// columns could not express it or would be too small for it; Visible then costs as much as Doc.
func (p *Document) IsPlain() bool { return p.file.Plain }

// StateVector returns the state vector of the document.
func (p *Document) StateVector() crdt.StateVector {
	sv := make(crdt.StateVector, len(p.file.States))
	for _, s := range p.file.States {
		if s.Clock > 0 {
			sv[crdt.ClientID(s.Client)] = s.Clock
		}
	}
	return sv
}

// Visible returns a document that shows the same as the packed one and has no
// history: its texts, deltas, lists, maps and XML can be read, in the time
// that their size takes, whatever was deleted or written before. It has other
// ids than the packed document, so it must not be edited, merged or sent.
func (p *Document) Visible() (*crdt.Doc, error) {
	if p.file.Plain {
		return p.Doc(crdt.Config{})
	}
	content, err := p.file.readContent()
	if err != nil {
		return nil, fmt.Errorf("read packed content: %w: %w", crdt.ErrMalformed, err)
	}
	u := newUnpacker(content, p.file.maxItems())
	u.visible()
	return u.doc(crdt.Config{DisableFormatCleanup: true})
}

// Update returns the update that EncodeStateAsUpdate of the packed document
// returned.
func (p *Document) Update() ([]byte, error) {
	history, err := p.file.readHistory()
	if err != nil {
		return nil, fmt.Errorf("read packed history: %w: %w", crdt.ErrMalformed, err)
	}
	if p.file.Plain {
		return history[0], nil
	}
	content, err := p.file.readContent()
	if err != nil {
		return nil, fmt.Errorf("read packed content: %w: %w", crdt.ErrMalformed, err)
	}
	u := newUnpacker(content, p.file.maxItems())
	u.restore(p.file.States, history)
	return u.update()
}

// Doc returns the packed document itself, to go on editing.
func (p *Document) Doc(c crdt.Config) (*crdt.Doc, error) {
	update, err := p.Update()
	if err != nil {
		return nil, err
	}
	d := crdt.NewDoc(c)
	if err := d.ApplyUpdate(update, nil); err != nil {
		return nil, err
	}
	return d, nil
}
