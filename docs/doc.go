// Package docs holds the project's documentation and the tests that keep it
// true. ARCHITECTURE.md lists every package with the packages it may import;
// failures.md maps each promised failure to its proof. The tests read both
// and compare them with the source tree. The package has no code of its own
// and nothing imports it.
package docs
