import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { onTick, TICK } from './When'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('tells every time that is shown to look anew, and runs no timer for none', () => {
  const looks = [0, 0]
  const ends = looks.map((_, i) => onTick(() => void looks[i]!++))
  expect(vi.getTimerCount()).toBe(1)
  vi.advanceTimersByTime(2 * TICK)
  expect(looks).toEqual([2, 2])
  ends[0]!()
  vi.advanceTimersByTime(TICK)
  expect(looks).toEqual([2, 3])
  ends[1]!()
  expect(vi.getTimerCount()).toBe(0)
  onTick(() => void looks[0]!++)()
  expect(vi.getTimerCount()).toBe(0)
})
