const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** A short, plain time: "just now", "5 minutes ago", "yesterday", "3 May", "3 May 2024". */
export function whenWords(then: number, now: number = Date.now()): string {
  const ago = now - then
  if (ago < MINUTE) return 'just now'
  if (ago < HOUR) return plural(Math.floor(ago / MINUTE), 'minute')
  const today = startOfDay(now)
  if (then >= today) return plural(Math.floor(ago / HOUR), 'hour')
  if (then >= today - DAY) return 'yesterday'
  if (then >= today - 6 * DAY) return new Date(then).toLocaleDateString('en-GB', { weekday: 'long' })
  const sameYear = new Date(then).getFullYear() === new Date(now).getFullYear()
  return new Date(then).toLocaleDateString('en-GB', {
    day: 'numeric',
    month: 'short',
    ...(!sameYear && { year: 'numeric' }),
  })
}

function plural(n: number, unit: string): string {
  return `${n} ${unit}${n === 1 ? '' : 's'} ago`
}

function startOfDay(time: number): number {
  return new Date(time).setHours(0, 0, 0, 0)
}
