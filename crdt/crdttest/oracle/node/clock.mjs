// A clock that stands still until told, and timers that fire only when asked.
// lib0 keeps a reference to Date.now, so this module must be loaded first.

let now = 0
const intervals = new Set()

Date.now = () => now
globalThis.setInterval = (f) => {
  const timer = { f }
  intervals.add(timer)
  return timer
}
globalThis.clearInterval = (timer) => intervals.delete(timer)

// setTime sets the clock, in milliseconds.
export function setTime(milliseconds) {
  now = milliseconds
}

// fireIntervals calls what all running intervals would call.
export function fireIntervals() {
  for (const timer of [...intervals]) timer.f()
}
