package oracle

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sheafdocs/sheaf/crdt"
)

// printInfo writes what an update holds, as node/inspect.mjs does.
func printInfo(info crdt.UpdateInfo) string {
	var b strings.Builder
	fmt.Fprintf(&b, "structs %d: %s\n", info.NumStructs, printRanges(info.Structs))
	fmt.Fprintf(&b, "deletes: %s\n", printRanges(info.Deletes))
	b.WriteString("names: ")
	for i, client := range slices.Sorted(maps.Keys(info.Names)) {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%d<%d", client, info.Names[client])
	}
	return b.String()
}

// printRanges sorts ranges, joins those that touch or overlap, and prints
// them.
func printRanges(ranges []crdt.ClockRange) string {
	ranges = slices.Clone(ranges)
	slices.SortFunc(ranges, func(a, b crdt.ClockRange) int {
		return cmp.Or(cmp.Compare(a.Client, b.Client), cmp.Compare(a.From, b.From))
	})
	var joined []crdt.ClockRange
	for _, r := range ranges {
		if n := len(joined); n > 0 && joined[n-1].Client == r.Client && joined[n-1].To >= r.From {
			joined[n-1].To = max(joined[n-1].To, r.To)
			continue
		}
		joined = append(joined, r)
	}
	parts := make([]string, len(joined))
	for i, r := range joined {
		parts[i] = fmt.Sprintf("%d[%d,%d)", r.Client, r.From, r.To)
	}
	return strings.Join(parts, " ")
}
