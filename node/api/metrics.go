package api

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// newRequests counts the answers to requests by their code.
func newRequests() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "sheaf", Subsystem: "api", Name: "requests_total",
		Help: "Requests answered, by code: ok, or why not.",
	}, []string{"code"})
}

// count notes the answer to a request.
func (l *Lockable) count(err error) {
	code := "ok"
	var e *Error
	switch {
	case errors.As(err, &e):
		code = string(e.Code)
	case err != nil:
		code = string(Internal)
	}
	l.requests.WithLabelValues(code).Inc()
}

// Register shows in a registry whether the node is locked, and what was asked.
func (l *Lockable) Register(reg prometheus.Registerer) error {
	locked := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "sheaf", Subsystem: "api", Name: "locked", Help: "1 while the node is locked, else 0.",
	}, func() float64 {
		if l.Locked() {
			return 1
		}
		return 0
	})
	if err := errors.Join(reg.Register(locked), reg.Register(l.requests)); err != nil {
		return fmt.Errorf("register metrics: %w", err)
	}
	return nil
}
