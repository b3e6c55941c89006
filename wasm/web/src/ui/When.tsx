import { useSyncExternalStore } from 'react'
import { whenWords } from '../app/when'

/** How often "5 minutes ago" is looked at anew. */
export const TICK = 15_000

/** A time in words that stay true while they are looked at. */
export function When({ at }: { at: number }) {
  const words = useSyncExternalStore(onTick, () => whenWords(at))
  return <time dateTime={new Date(at).toISOString()}>{words}</time>
}

const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined

/** One timer for all times that are shown, and none when none is. */
export function onTick(listener: () => void): () => void {
  listeners.add(listener)
  timer ??= setInterval(() => listeners.forEach((tell) => tell()), TICK)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}
