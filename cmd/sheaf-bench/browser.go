//go:build js

package main

// runNative has nothing to run in a browser.
func runNative([]string) (done bool, err error) { return false, nil }
