/** Timers as an argument, so that tests own the clock. */
export interface Timers {
  set(f: () => void, ms: number): Timer
  clear(timer: Timer | undefined): void
}
export type Timer = unknown

const FIRST_MS = 200
const MOST_MS = 8_000

/** Backoff waits longer after each failure, up to MOST_MS, each wait varied by a quarter. */
export class Backoff {
  private delay = FIRST_MS
  private timer: Timer | undefined

  constructor(
    private readonly timers: Timers,
    private readonly random: () => number,
  ) {}

  get waiting(): boolean {
    return this.timer !== undefined
  }

  /** Calls `f` after the next wait. */
  start(f: () => void): void {
    this.stop()
    const ms = this.delay * (0.75 + this.random() / 2)
    this.delay = Math.min(this.delay * 2, MOST_MS)
    this.timer = this.timers.set(() => {
      this.timer = undefined
      f()
    }, ms)
  }

  stop(): void {
    this.timers.clear(this.timer)
    this.timer = undefined
  }

  /** The next wait is the shortest again. */
  reset(): void {
    this.delay = FIRST_MS
  }
}
