import type { DevNode } from '../../../e2e/devnode'
import type { Timers } from '../backoff'
import type { Carrier } from '../carrier'

/** A carrier in memory; frames are delivered one by one by the network below. */
export class Network {
  private readonly queue: (() => void)[] = []
  readonly carriers = new Set<MemoryCarrier>()
  up = true

  dial(node: DevNode, document: string): Carrier {
    return new MemoryCarrier(this, node, document)
  }

  post(deliver: () => void): void {
    this.queue.push(deliver)
  }

  /** Delivers everything that is under way, and what follows from it. */
  async settle(): Promise<void> {
    for (let idle = 0; idle < 3;) {
      const next = this.queue.shift()
      if (next === undefined) {
        idle++
        await Promise.resolve()
      } else {
        idle = 0
        next()
      }
    }
  }

  /** Breaks every connection; what is under way is lost. */
  cut(): void {
    this.queue.length = 0
    for (const c of [...this.carriers]) c.drop()
  }
}

class MemoryCarrier implements Carrier {
  onopen: (() => void) | null = null
  onmessage: ((frame: string | Uint8Array) => void) | null = null
  onclose: (() => void) | null = null
  private open = true
  private readonly end: ReturnType<DevNode['attach']>

  constructor(
    private readonly network: Network,
    node: DevNode,
    document: string,
  ) {
    network.carriers.add(this)
    this.end = node.attach(document, {
      send: (frame) => network.post(() => this.open && this.onmessage?.(frame)),
      close: () => network.post(() => this.drop()),
    })
    network.post(() => {
      if (!network.up) this.drop()
      else if (this.open) this.onopen?.()
    })
  }

  send(frame: string | Uint8Array): void {
    this.network.post(() => this.open && this.end.receive(frame))
  }

  close(): void {
    this.drop()
  }

  drop(): void {
    if (!this.open) return
    this.open = false
    this.network.carriers.delete(this)
    this.end.gone()
    this.onclose?.()
  }
}

/** Timers that fire when told. */
export class ManualTimers implements Timers {
  private readonly waiting = new Map<object, { f: () => void; ms: number }>()
  set(f: () => void, ms: number): object {
    const timer = {}
    this.waiting.set(timer, { f, ms })
    return timer
  }
  clear(timer: unknown): void {
    this.waiting.delete(timer as object)
  }
  fire(mostMs = Infinity): void {
    for (const [timer, { f, ms }] of [...this.waiting]) {
      if (ms > mostMs || !this.waiting.delete(timer)) continue
      f()
    }
  }
}
