package sync

import (
	"context"
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sheafdocs/sheaf/node/replication"
)

// metrics counts what the service does. Without a registry they are kept and
// shown to nobody.
type metrics struct {
	frames   *prometheus.CounterVec // by direction and type
	bytes    *prometheus.CounterVec // by direction
	records  *prometheus.CounterVec // received, by kind
	sessions *prometheus.CounterVec // ended, by reason
	up       prometheus.Gauge
	refused  prometheus.Counter
	equal    prometheus.Counter
	joins    *prometheus.CounterVec // by outcome
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "sheaf", Subsystem: "sync", Name: name, Help: help,
		}, labels)
	}
	single := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: "sheaf", Subsystem: "sync", Name: name, Help: help,
		})
	}
	m := &metrics{
		frames:   counter("frames_total", "Frames sent and received, by type.", "direction", "type"),
		bytes:    counter("bytes_total", "Bytes of frames sent and received.", "direction"),
		records:  counter("records_total", "Records received, by kind.", "kind"),
		sessions: counter("sessions_total", "Sessions that ended, by reason.", "reason"),
		refused:  single("refused_total", "Deliveries in which something could not be used."),
		equal:    single("equal_total", "Times a document was found equal at both ends."),
		joins:    counter("joins_total", "Attempts to join a document, by outcome.", "outcome"),
		up: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: "sheaf", Subsystem: "sync", Name: "sessions", Help: "Sessions that work now.",
		}),
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.frames, m.bytes, m.records, m.sessions, m.refused, m.equal, m.joins, m.up} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return m, nil
}

func (m *metrics) received(frame []byte) {
	m.frames.WithLabelValues("in", replication.FrameName(frame)).Inc()
	m.bytes.WithLabelValues("in").Add(float64(len(frame)))
}

func (m *metrics) sent(frame []byte) {
	m.frames.WithLabelValues("out", replication.FrameName(frame)).Inc()
	m.bytes.WithLabelValues("out").Add(float64(len(frame)))
}

func (m *metrics) delivered(d replication.Delivery) {
	m.records.WithLabelValues("op").Add(float64(len(d.Ops)))
	m.records.WithLabelValues("wrap").Add(float64(len(d.Wraps)))
	m.records.WithLabelValues("seal_key").Add(float64(len(d.SealKeys)))
	m.records.WithLabelValues("request").Add(float64(len(d.Requests)))
	m.records.WithLabelValues("entry").Add(float64(len(d.Entries)))
}

// reasonOf names why a session ended, from a short fixed list.
func reasonOf(err error) string {
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, errStopped):
		return "closed"
	case errors.Is(err, errReplaced):
		return "replaced"
	case errors.Is(err, errNoHello):
		return "no_hello"
	case fault(err):
		return "protocol"
	}
	return "stream"
}
