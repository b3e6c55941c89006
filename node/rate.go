package node

import "time"

// rateWindow is the span over which a document's entries per second count.
const rateWindow = 5 * time.Second

// rateMeter counts entries over the last five seconds, in one-second buckets.
type rateMeter struct {
	buckets [5]int
	second  int64
}

// add counts n entries at time now.
func (r *rateMeter) add(n int, now time.Time) {
	r.turn(now)
	r.buckets[r.second%5] += n
}

// perSecond is the mean rate over the window.
func (r *rateMeter) perSecond(now time.Time) float64 {
	r.turn(now)
	sum := 0
	for _, n := range r.buckets {
		sum += n
	}
	return float64(sum) / rateWindow.Seconds()
}

// turn empties the buckets of seconds that have passed.
func (r *rateMeter) turn(now time.Time) {
	s := now.Unix()
	if s-r.second >= 5 || s < r.second {
		r.buckets = [5]int{}
		r.second = s
		return
	}
	for r.second < s {
		r.second++
		r.buckets[r.second%5] = 0
	}
}
