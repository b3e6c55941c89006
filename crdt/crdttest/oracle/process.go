package oracle

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// maxAnswerBytes is the size of the largest answer that is read.
const maxAnswerBytes = 1 << 30

// Oracle is a running child with Yjs. Ask is not safe for concurrent use;
// Send and Receive may run in two goroutines.
type Oracle struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *bufio.Reader

	closing  sync.Once
	closeErr error
}

// Start starts Node, after installing Yjs when that was not done yet.
func Start() (*Oracle, error) {
	dir, err := sourceDir()
	if err != nil {
		return nil, err
	}
	if err := install(dir); err != nil {
		return nil, err
	}
	cmd := exec.Command("node", filepath.Join(dir, "node", "main.mjs"))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start oracle: %w", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start oracle: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start oracle: %w", err)
	}
	return &Oracle{cmd: cmd, stdin: stdin, stdout: bufio.NewReaderSize(stdout, 1<<16)}, nil
}

// Close ends the child: it exits when its stdin closes. Answers not received
// yet are thrown away.
func (o *Oracle) Close() error {
	o.closing.Do(func() {
		o.stdin.Close()
		if o.cmd == nil {
			return // see Replay
		}
		io.Copy(io.Discard, o.stdout) // else the child could wait for a reader
		if err := o.cmd.Wait(); err != nil {
			o.closeErr = fmt.Errorf("close oracle: %w", err)
		}
	})
	return o.closeErr
}

// Ask sends a request, a value for JSON with a field "do", and returns the
// answer.
func (o *Oracle) Ask(request any) ([]Observation, error) {
	if err := o.Send(request); err != nil {
		return nil, err
	}
	return o.Receive()
}

// Send sends a request without waiting for the answer.
func (o *Oracle) Send(request any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("ask oracle: %w", err)
	}
	frame := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	if _, err := o.stdin.Write(append(frame, body...)); err != nil {
		return fmt.Errorf("ask oracle: %w", err)
	}
	return nil
}

// Receive returns the answer to the oldest unanswered request.
func (o *Oracle) Receive() ([]Observation, error) {
	var header [4]byte
	if _, err := io.ReadFull(o.stdout, header[:]); err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	n := binary.BigEndian.Uint32(header[:])
	if n > maxAnswerBytes {
		return nil, fmt.Errorf("read answer: %d bytes", n)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(o.stdout, body); err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	return decodeAnswer(body)
}

// Observation is what was seen after one step, in a fixed order.
type Observation []Field

// Field is one thing that was seen.
type Field struct {
	Name string
	Data []byte
}

// Get returns the first field of that name, or nil.
func (o Observation) Get(name string) []byte {
	for _, f := range o {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

// add appends a field.
func (o *Observation) add(name string, data []byte) { *o = append(*o, Field{name, data}) }

// errAnswer: the child wrote something else than an answer.
var errAnswer = errors.New("malformed answer")

func decodeAnswer(body []byte) ([]Observation, error) {
	d := lib0.NewDecoder(body)
	var all []Observation
	for d.Byte() == 1 {
		var o Observation
		for d.Byte() == 1 {
			name := string(d.Bytes())
			o.add(name, d.Bytes())
		}
		all = append(all, o)
	}
	if d.Err() != nil || d.Remaining() > 0 {
		return nil, fmt.Errorf("read answer: %w: %v, %d bytes left", errAnswer, d.Err(), d.Remaining())
	}
	return all, nil
}
