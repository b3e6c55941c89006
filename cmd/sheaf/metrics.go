//go:build !js

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/sheafdocs/sheaf/node/api"
	"github.com/sheafdocs/sheaf/node/api/local"
)

// startMetrics serves the metrics of a node that can be locked, if an address is
// given for them.
func startMetrics(address string, l *api.Lockable, v *vault) (stop func() error, err error) {
	if address == "" {
		return func() error { return nil }, nil
	}
	own := prometheus.NewRegistry()
	if err := l.Register(own); err != nil {
		return nil, err
	}
	_, stop, err = serveMetrics(address, prometheus.Gatherers{own, v})
	return stop, err
}

// serveMetrics answers GET /metrics on a loopback address until stop is called,
// and returns the address.
// What it tells are counts; whoever may use the machine may read them.
func serveMetrics(address string, g prometheus.Gatherer) (at string, stop func() error, err error) {
	ln, err := local.Listen(address)
	if err != nil {
		return "", nil, fmt.Errorf("serve metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(g, promhttp.HandlerOpts{}))
	hs := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Host != ln.Addr().String() { // a name that was made to resolve to it
				http.Error(w, "ask "+ln.Addr().String(), http.StatusForbidden)
				return
			}
			mux.ServeHTTP(w, r)
		}),
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second,
		MaxHeaderBytes: 16 << 10,
	}
	ended := make(chan error, 1)
	go func() { ended <- hs.Serve(ln) }()
	return ln.Addr().String(), func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		err := hs.Shutdown(ctx)
		if served := <-ended; !errors.Is(served, http.ErrServerClosed) && !errors.Is(served, net.ErrClosed) {
			err = errors.Join(err, served)
		}
		return err
	}, nil
}
