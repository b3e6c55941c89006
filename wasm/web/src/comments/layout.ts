/** A card that wants to stand beside its passage. */
export interface Wanting {
  id: string
  /** Where its passage begins, from the top of the margin. */
  want: number
  height: number
}

/** Space between two cards. */
export const GAP = 10

/**
 * Places cards in one column so that none overlaps another, each as near to its
 * passage as those before it allow. The active one stands exactly at its passage:
 * those above give way upwards, as far as there is room.
 *
 *     want   1 ┬ A          A ┐ 1        (C active: B and A move up)
 *            2 ├ B    →     B ┤ 2
 *            3 ├ C          C ┘ 3  ← where it wants to be
 *            4 └ D          D
 *
 * Cards must come in the order of their passages. Returns their tops.
 */
export function placeCards(cards: readonly Wanting[], active: string | undefined, gap = GAP): number[] {
  const tops = cards.map(() => 0)
  const pinned = Math.max(
    0,
    cards.findIndex((c) => c.id === active),
  )
  for (let i = pinned; i < cards.length; i++) {
    const free = i === pinned ? 0 : tops[i - 1]! + cards[i - 1]!.height + gap
    tops[i] = Math.max(cards[i]!.want, free)
  }
  for (let i = pinned - 1; i >= 0; i--) {
    tops[i] = Math.min(cards[i]!.want, tops[i + 1]! - gap - cards[i]!.height)
  }
  // What was pushed out at the top comes back, and pushes the rest down.
  let free = 0
  for (let i = 0; i < cards.length; i++) {
    if (tops[i]! >= free && i > 0) break
    tops[i] = Math.max(tops[i]!, free)
    free = tops[i]! + cards[i]!.height + gap
  }
  return tops
}
