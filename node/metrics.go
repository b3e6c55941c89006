package node

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// collector shows a node's counts to Prometheus. It asks the node when it is
// asked, so nothing is counted twice.
type collector struct {
	n *Node

	documents, sessions, peers, withheld, forks  *prometheus.Desc
	sent, verified, opened, inert, commitsFailed *prometheus.Desc
}

func newCollector(n *Node) *collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(prometheus.BuildFQName("sheaf", "node", name), help, labels, nil)
	}
	return &collector{
		n:             n,
		documents:     desc("documents", "Documents held, by state.", "state"),
		sessions:      desc("sessions", "Editing sessions open."),
		peers:         desc("peers", "Devices connected."),
		withheld:      desc("withheld_entries", "Entries known to exist that no one delivers."),
		forks:         desc("forked_chains", "Chains with more than one branch."),
		sent:          desc("entries_sent_total", "Own entries made and published."),
		verified:      desc("entries_verified_total", "Received entries taken into a chain."),
		opened:        desc("entries_opened_total", "Entries decrypted and merged."),
		inert:         desc("entries_inert_total", "Entries that were opened and contribute nothing."),
		commitsFailed: desc("commits_failed_total", "Commits that the store refused."),
	}
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		c.documents, c.sessions, c.peers, c.withheld, c.forks, c.sent, c.verified, c.opened, c.inert, c.commitsFailed,
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v int, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), labels...)
	}
	counter := func(d *prometheus.Desc, v uint64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v))
	}
	states := map[State]int{StateReady: 0, StateJoining: 0, StateDamaged: 0, StateRemoved: 0}
	sessions, withheld, forks := 0, 0, 0
	for _, d := range c.n.Documents() {
		d.mu.Lock()
		states[d.stateLocked()]++
		sessions += len(d.sessions)
		withheld += d.outlook.shown
		forks += len(d.chains.Forks())
		d.mu.Unlock()
	}
	for state, n := range states {
		gauge(c.documents, n, string(state))
	}
	gauge(c.sessions, sessions)
	gauge(c.peers, c.n.Peers())
	gauge(c.withheld, withheld)
	gauge(c.forks, forks)
	counter(c.sent, c.n.stats.sent.Load())
	counter(c.verified, c.n.stats.verified.Load())
	counter(c.opened, c.n.stats.decrypted.Load())
	counter(c.inert, c.n.stats.inert.Load())
	counter(c.commitsFailed, c.n.stats.commitsFailed.Load())
}

// register shows the node's counts in the registry, if there is one. The
// registry ends with the node.
func (n *Node) register() error {
	if n.cfg.Registry == nil {
		return nil
	}
	if err := n.cfg.Registry.Register(newCollector(n)); err != nil {
		return fmt.Errorf("register metrics: %w", err)
	}
	return nil
}
