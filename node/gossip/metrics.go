package gossip

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts what gossip does. Without a registry they are kept and shown
// to nobody.
type metrics struct {
	judged    *prometheus.CounterVec // by kind and verdict
	published *prometheus.CounterVec // by kind
	dropped   prometheus.Counter
	strangers prometheus.Counter
	// graylisted counts the peers that nothing is taken from now.
	graylisted prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	opts := func(name, help string) prometheus.CounterOpts {
		return prometheus.CounterOpts{Namespace: "sheaf", Subsystem: "gossip", Name: name, Help: help}
	}
	m := &metrics{
		judged:     prometheus.NewCounterVec(opts("messages_total", "Messages received, by kind and verdict."), []string{"kind", "verdict"}),
		published:  prometheus.NewCounterVec(opts("published_total", "Own messages published, by kind."), []string{"kind"}),
		dropped:    prometheus.NewCounter(opts("dropped_total", "Messages dropped because a document did not keep up.")),
		strangers:  prometheus.NewCounter(opts("strangers_total", "Messages dropped because the sender is no member.")),
		graylisted: prometheus.NewGauge(prometheus.GaugeOpts(opts("graylisted_peers", "Peers that nothing is taken from, for what they sent."))),
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.judged, m.published, m.dropped, m.strangers, m.graylisted} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return m, nil
}
