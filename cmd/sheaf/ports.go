//go:build !js

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

const (
	portsFileName   = "ports.json"
	maxPortsBytes   = 4 << 10
	defaultPagePort = 7460
)

// ports are those a node used last. It takes them again, so that an open page
// finds it after a restart (a page is bound to its address) and the addresses
// in invite links stay true.
type ports struct {
	Page uint16 `json:"page"` // TCP, loopback
	P2P  uint16 `json:"p2p"`  // UDP and TCP, for QUIC and TCP
}

// readPorts never fails: without a readable file nothing is remembered.
func readPorts(dir string) ports {
	var p ports
	f, err := os.Open(filepath.Join(dir, portsFileName))
	if err != nil {
		return p
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxPortsBytes))
	if err != nil || json.Unmarshal(b, &p) != nil {
		return ports{}
	}
	return p
}

// write remembers the ports.
func (p ports) write(dir string) error {
	b, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("remember ports: %w", err)
	}
	tmp, err := os.CreateTemp(dir, portsFileName+".*")
	if err != nil {
		return fmt.Errorf("remember ports: %w", err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(append(b, '\n'))
	if err == nil {
		err = tmp.Sync() // else a power loss may leave an empty file
	}
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), filepath.Join(dir, portsFileName))
	}
	if err != nil {
		return fmt.Errorf("remember ports: %w", err)
	}
	return nil
}
