/**
 * Colours of people. Each has a contrast of at least 4.5 with white (a name on
 * its label) and at least 3 with both themes' page (a caret's line).
 */
export const PALETTE = [
  '#cd3530',
  '#b4521a',
  '#836d13',
  '#307e3d',
  '#167c6f',
  '#16779b',
  '#236bd7',
  '#6a5dd7',
  '#934fc4',
  '#b83d99',
  '#ca3265',
  '#846a4f',
] as const

/** A person's colour: the same for one key, everywhere. */
export function colourOf(key: string): string {
  let hash = 2166136261
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 16777619)
  return PALETTE[(hash >>> 0) % PALETTE.length]!
}

/** What a page tells others about who is writing; what arrives is checked field by field. */
export interface Person {
  name: string
  colour: string
  /** The device, so that two tabs of one device are one person. */
  device: string
}

export const NAMELESS = 'Someone'

/** What to call a person in this page who may have given no name. */
export const nameFor = (name: string, me: boolean): string => name || (me ? 'You' : NAMELESS)

const NAME_CHARACTERS = 40

/** Reads the "user" of a presence state, which anyone in the document may write. */
export function readPerson(user: unknown, fallbackKey: string): Person {
  const u = (typeof user === 'object' && user !== null ? user : {}) as Record<string, unknown>
  const device = typeof u.device === 'string' && u.device !== '' ? u.device : fallbackKey
  const name = typeof u.name === 'string' ? u.name.trim().slice(0, NAME_CHARACTERS) : ''
  const colour = (PALETTE as readonly unknown[]).includes(u.color) ? (u.color as string) : colourOf(device)
  return { name: name === '' ? NAMELESS : name, colour, device }
}

/** One or two letters for a round avatar. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/)
  const first = [...(words[0] ?? '')][0] ?? '?'
  const last = words.length > 1 ? ([...(words.at(-1) ?? '')][0] ?? '') : ''
  return (first + last).toUpperCase()
}
