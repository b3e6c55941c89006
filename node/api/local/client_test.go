package local

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sheafdocs/sheaf/node/api"
)

func TestClient(t *testing.T) {
	f := serve(t, [32]byte{})
	dir := t.TempDir()
	if _, err := Dial(t.Context(), dir); !errors.Is(err, ErrNotRunning) {
		t.Errorf("no token file: %v", err)
	}
	own := TokenFile{Address: f.Address(), Token: f.Token(), PID: os.Getpid()}
	if err := own.Write(dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, TokenFileName)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("token file: %v %v", info.Mode(), err)
	}
	c, err := Dial(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ Method, Body string }
	if err := c.Call(t.Context(), "documents.create", map[string]string{"title": "x"}, &answer); err != nil || answer.Method != "documents.create" || answer.Body != `{"title":"x"}` {
		t.Errorf("call: %+v %v", answer, err)
	}
	var refused *api.Error
	if err := c.Call(t.Context(), "refused", nil, nil); !errors.As(err, &refused) || refused.Code != api.Full {
		t.Errorf("refusal: %v", err)
	}
	link, err := c.OpenLink(t.Context())
	if err != nil || !strings.HasPrefix(link, f.Address()+"/open?token=") {
		t.Errorf("link: %q %v", link, err)
	}
	if resp, _ := f.do("GET", strings.TrimPrefix(link, f.Address()), "", nil); resp.StatusCode != 303 {
		t.Errorf("opening that link: %s", resp.Status)
	}
	edit, err := c.Edit(t.Context(), "doc1")
	if err != nil {
		t.Fatal(err)
	}
	if err := edit.Write(t.Context(), api.Binary, []byte("hi")); err != nil {
		t.Fatal(err)
	}
	if kind, data, err := edit.Read(t.Context()); err != nil || kind != api.Binary || !bytes.Equal(data, []byte("doc1:hi")) {
		t.Errorf("edit: %v %q %v", kind, data, err)
	}
	_ = edit.Close(1000, "")

	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Dial(t.Context(), dir); !errors.Is(err, ErrTooOpen) {
		t.Errorf("readable token file: %v", err)
	}
	_ = os.Chmod(path, 0o600)
	if err := RemoveTokenFile(dir, TokenFile{Token: "of another run"}); err != nil {
		t.Error(err)
	}
	f.stop()
	if _, err := Dial(t.Context(), dir); !errors.Is(err, ErrNotRunning) {
		t.Errorf("killed node: %v", err)
	}
	if err := RemoveTokenFile(dir, own); err != nil {
		t.Error(err)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
	for _, torn := range []string{"", "{", "{}"} { // what a power loss may leave
		if err := os.WriteFile(path, []byte(torn), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Dial(t.Context(), dir); !errors.Is(err, ErrNotRunning) {
			t.Errorf("token file %q: %v", torn, err)
		}
	}
}
