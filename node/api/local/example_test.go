package local_test

import (
	"context"
	"fmt"
	"os"

	"github.com/sheafdocs/sheaf/node/api"
	"github.com/sheafdocs/sheaf/node/api/local"
)

// A clock answers one request; a real backend is an *api.Server.
type clock struct{}

func (clock) Handle(context.Context, string, []byte) ([]byte, error) {
	return []byte(`{"time":"noon"}`), nil
}

func (clock) Events(context.Context, func([]byte) error) error { return nil }
func (clock) Edit(context.Context, string, api.Frames) error   { return nil }

// A daemon serves; a command of the same user finds it by its token file and
// asks.
func Example() {
	ctx, stop := context.WithCancel(context.Background())
	dir, err := os.MkdirTemp("", "sheaf")
	check(err)
	defer os.RemoveAll(dir)

	ln, err := local.Listen("127.0.0.1:0")
	check(err)
	server, err := local.New(local.Config{Backend: clock{}}, ln)
	check(err)
	ended := make(chan error)
	go func() { ended <- server.Serve(ctx, ln) }()
	check(local.TokenFile{Address: server.Address(), Token: server.Token(), PID: os.Getpid()}.Write(dir))

	client, err := local.Dial(ctx, dir)
	check(err)
	var answer struct{ Time string }
	check(client.Call(ctx, "time", struct{}{}, &answer))
	fmt.Println(answer.Time)

	stop()
	check(<-ended)
	// Output: noon
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
