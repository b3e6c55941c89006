//go:build !js

package main

import (
	"fmt"
	"os/exec"
	"runtime"
)

// show opens the link in the user's browser and prints it, in case there is
// none or it does not open.
func show(e *env, link string, noBrowser bool) {
	if !noBrowser && openBrowser(link) == nil {
		fmt.Fprintf(e.stdout, "The page opens in your browser. If it does not, open this link (it works once):\n")
	} else {
		fmt.Fprintf(e.stdout, "Open this link in your browser (it works once):\n")
	}
	fmt.Fprintf(e.stdout, "%s\n", link)
}

// openBrowser starts the system's opener and does not wait for the browser.
func openBrowser(link string) error {
	var cmd *exec.Cmd
	switch runtime.GOOS {
	case "windows":
		cmd = exec.Command("rundll32", "url.dll,FileProtocolHandler", link)
	case "darwin":
		cmd = exec.Command("open", link)
	default:
		cmd = exec.Command("xdg-open", link)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("open browser: %w", err)
	}
	go func() { _ = cmd.Wait() }() // ends with the opener; nothing of ours depends on it
	return nil
}
