package local

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestSlowMethodsAreWaitedFor: a method that waits for other devices outlives
// the time of an ordinary one, whose end says that it may still be done.
func TestSlowMethodsAreWaitedFor(t *testing.T) {
	f := serve(t, [32]byte{})
	dir := t.TempDir()
	if err := (TokenFile{Address: f.Address(), Token: f.Token()}).Write(dir); err != nil {
		t.Fatal(err)
	}
	c, err := Dial(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if c.timeFor("recovery.restore") <= 3*time.Minute || c.timeFor("status") != callTimeout {
		t.Errorf("waits %v for a recovery and %v for the status", c.timeFor("recovery.restore"), c.timeFor("status"))
	}
	c.timeFor = func(string) time.Duration { return 50 * time.Millisecond }
	err = c.Call(t.Context(), "slow", struct{}{}, nil)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "may still") {
		t.Errorf("an answer that does not come: %v", err)
	}
}

// A timedWriter notes until when an answer may be written.
type timedWriter struct {
	*httptest.ResponseRecorder
	until time.Time
}

func (w *timedWriter) SetWriteDeadline(t time.Time) error {
	w.until = t
	return nil
}

// TestSlowAnswersMayComeLate: the server does not end the connection before a
// client stops to wait for a slow method.
func TestSlowAnswersMayComeLate(t *testing.T) {
	f := serve(t, [32]byte{})
	ask := func(method string) time.Duration {
		r := httptest.NewRequest(http.MethodPost, "/api/"+method, strings.NewReader("{}"))
		r.Header.Set("Content-Type", "application/json")
		r.SetPathValue("method", method)
		w := &timedWriter{ResponseRecorder: httptest.NewRecorder()}
		f.call(w, r)
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d", method, w.Code)
		}
		if w.until.IsZero() {
			return answerTimeout // the server's own
		}
		return time.Until(w.until)
	}
	for _, method := range []string{"status", "people.remove", "recovery.restore"} {
		if got := ask(method); got <= timeFor(method) {
			t.Errorf("%s may take %v, a client waits %v", method, got, timeFor(method))
		}
	}
}
