// Package oracle compares our merge engine with Yjs itself. It keeps one
// Node process with npm's yjs beside the test and runs the same program in
// both: several replicas that edit, exchange updates in any order, lose and
// repeat them, join and cut them without a document, restart. After each step
// everything that can be seen of the touched replica must be equal: the bytes
// of its update events and of its state in both formats, those of its state
// vector, what its types show, what undoing, observers and subdocuments tell,
// relative positions and snapshots, and whether anything is pending. A replica may
// also go on with a copy of its document (Doc.Clone), which Yjs does not have: there
// the encoded state is read into a new document. The bytes being
// equal, each engine is fed exactly what the other would have sent it.
//
// The main types are Program (what to do), Oracle (the child) and Divergence
// (the first difference). Generate makes the program of a seed, Oracle.Check
// runs one, Oracle.Shrink makes a diverging one small. Kept programs are in
// testdata/programs.
//
// The same child also speaks y-protocols, for the tests of crdt/awareness and
// crdt/yproto, and asks Yrs (npm's ywasm) what plain programs come to
// (TestSecondVoice). Yrs is not compared byte for byte: it keeps runs apart that
// Yjs joins, shows minus zero and infinite numbers as JSON does, does not part surrogate
// pairs, and turns ids of more than 32 bits into others. Of formats only that the
// text with them is the same is compared, and nothing of XML.
//
// It is a test kit: it needs Node, and npm once to install yjs and ywasm.
package oracle
