// Package comments is what people say about a document beside its text:
// records in the entries of stream 1, and the threads they fold into
// (docs/formats/comment.md).
//
// [Decode] and [Record.Encode] read and write one record. A [Set] collects the
// entries that hold one and count, and [Set.Fold] makes threads and profiles of
// them. The fold is a pure function of the set and of who the authors are: the
// order in which entries were added decides nothing, and whoever holds the same
// entries sees the same.
//
// The package knows no text and no positions in it: anchors are opaque bytes
// that pages make and read. Which entries count, and opening them, is the
// caller's part.
package comments
