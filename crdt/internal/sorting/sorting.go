// Package sorting sorts. Compiled for several types, an algorithm of the package
// slices is as many times in the program; here all but a few lines is there once.
// Where a page has to fetch the program, that is worth the memory for two numbers
// an element.
package sorting

// Stable sorts s and leaves the order of equal elements. Where s is in order it
// takes no memory.
func Stable[T any](s []T, compare func(a, b T) int) {
	if len(s) < 2 {
		return
	}
	order := find(len(s), func(i, j int) bool { return compare(s[i], s[j]) < 0 })
	if order == nil {
		return
	}
	sorted := make([]T, len(s))
	for i, from := range order {
		sorted[i] = s[from]
	}
	copy(s, sorted)
}

// find returns which of n elements comes first, second and so on, or nil if they
// are in order.
func find(n int, less func(i, j int) bool) []int {
	for i := 1; i < n; i++ {
		if less(i, i-1) {
			order := make([]int, n)
			for i := range order {
				order[i] = i
			}
			mergeSort(order, make([]int, n), less)
			return order
		}
	}
	return nil
}

func mergeSort(s, spare []int, less func(i, j int) bool) {
	if len(s) < 2 {
		return
	}
	mid := len(s) / 2
	mergeSort(s[:mid], spare[:mid], less)
	mergeSort(s[mid:], spare[mid:], less)
	if !less(s[mid], s[mid-1]) {
		return // mostly: what is sorted here is so in long runs
	}
	copy(spare, s)
	a, b := spare[:mid], spare[mid:]
	for i := range s {
		if len(a) == 0 || len(b) > 0 && less(b[0], a[0]) {
			s[i], b = b[0], b[1:]
		} else {
			s[i], a = a[0], a[1:]
		}
	}
}
