import { describe, expect, it } from 'vitest'
import { GAP, placeCards, type Wanting } from './layout'

function cards(...list: [want: number, height: number][]): Wanting[] {
  return list.map(([want, height], i) => ({ id: String(i), want, height }))
}

describe('placing cards', () => {
  it('leaves those with room where they want to be', () => {
    expect(placeCards(cards([10, 50], [200, 50]), undefined)).toEqual([10, 200])
  })
  it('pushes those without room down', () => {
    expect(placeCards(cards([10, 50], [20, 50], [30, 50]), undefined, 10)).toEqual([10, 70, 130])
  })
  it('keeps the active one at its passage and pushes the others away', () => {
    expect(placeCards(cards([200, 50], [210, 50], [220, 50], [230, 50]), '2', 10)).toEqual([
      100, 160, 220, 280,
    ])
  })
  it('never leaves the top, even for the active one', () => {
    expect(placeCards(cards([0, 50], [10, 50], [20, 50]), '2', 10)).toEqual([0, 60, 120])
  })
  it('knows no active card that is not there', () => {
    expect(placeCards(cards([5, 10], [5, 10]), 'gone', 10)).toEqual([5, 25])
  })

  it('never overlaps, keeps the order, and moves nothing without need', () => {
    let seed = 1
    const random = (n: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
      return (seed >>> 8) % n
    }
    for (let round = 0; round < 2000; round++) {
      const list = Array.from({ length: random(12) }, () => random(800))
        .sort((a, b) => a - b)
        .map((want, i) => ({ id: String(i), want, height: 20 + random(150) }))
      const active = random(3) === 0 ? undefined : String(random(12))
      const tops = placeCards(list, active)
      const context = JSON.stringify({ list, active, tops })
      tops.forEach((top, i) => {
        expect(top, context).toBeGreaterThanOrEqual(0)
        if (i > 0) expect(top - tops[i - 1]!, context).toBeGreaterThanOrEqual(list[i - 1]!.height + GAP)
      })
      const at = list.findIndex((c) => c.id === active)
      if (at >= 0) {
        const above = list.slice(0, at).reduce((sum, c) => sum + c.height + GAP, 0)
        expect(tops[at], context).toBe(Math.max(list[at]!.want, above))
      } else {
        // A card stands below its passage only where the one before it ends.
        tops.forEach((top, i) => {
          if (top > list[i]!.want) expect(top, context).toBe(tops[i - 1]! + list[i - 1]!.height + GAP)
        })
      }
    }
  })
})
