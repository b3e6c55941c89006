//go:build !race

package nodetest

// raced says whether the race detector is built in.
const raced = false
