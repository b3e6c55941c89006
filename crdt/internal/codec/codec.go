// Package codec reads and writes Yjs's update format 1, its delete sets and
// its state vectors, and works on updates without a document: merging them,
// cutting off what is known, and telling what they hold.
//
// The main types are Struct (one entry of an update, its content still
// encoded) and Reader (walks over the structs of an update). Nothing here
// builds more than one Struct at a time, so the cost in memory of reading an
// update is that of its bytes.
//
// The package promises to reject malformed input with an error and to write
// what Yjs 13.6 writes. It leaves out what structs mean to a document, and
// update format 2.
package codec

import "github.com/sheafdocs/sheaf/crdt/internal/lib0"

// AppendCount appends the number of entries that follow.
func AppendCount(dst []byte, n int) []byte { return lib0.AppendUint(dst, uint64(n)) }

// AppendStateEntry appends one entry of a state vector.
func AppendStateEntry(dst []byte, client, clock uint64) []byte {
	return lib0.AppendUint(lib0.AppendUint(dst, client), clock)
}

// ReadStateVector reads a state vector and yields its entries.
func ReadStateVector(b []byte, yield func(client, clock uint64)) error {
	d := lib0.NewDecoder(b)
	n := d.Uint()
	for i := uint64(0); i < n; i++ {
		client, clock := d.Uint(), d.Uint()
		if d.Err() != nil {
			break
		}
		yield(client, clock)
	}
	return d.Err()
}
