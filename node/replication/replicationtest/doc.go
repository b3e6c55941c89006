// Package replicationtest holds replicas in memory, for tests of what moves
// documents between nodes: real access logs and chains, payloads that mean
// nothing.
//
// A Replica is one device with its documents. It implements
// replication.Replica, and Receive does what a node does with a delivery:
// judges every record, keeps what counts, answers requests to join. Same
// compares two replicas.
//
// Entries depend on nothing, and nothing is encrypted: that is node's part.
package replicationtest
