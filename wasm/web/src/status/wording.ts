/**
 * The words of the status: where the reader's edits are, and nothing that is
 * not known. Pure, so that every sentence is tested.
 */

export interface StatusFacts {
  /** How the page reaches the node on this device. */
  connection: 'connecting' | 'open' | 'lost'
  /** The document was loaded into this page. */
  ready: boolean
  /** Own edits of this session, and how many of them are durable on this device. */
  sent: number
  acked: number
  /** Per other device: how far this session's edits are durable there. */
  others: { through: number }[]
  /** Devices known to hold everything, for a session without edits of its own. */
  holders: { complete: boolean }[]
  /** "Work offline" is on. */
  offline: boolean
  refused: { code: string; message: string } | undefined
  store: 'ok' | 'full' | 'failing' | 'repaired'
  /** The document waits for its first member. */
  joining: boolean
  /** Edits wait for a member to let this device in. */
  waiting?: boolean
  /** This device is a member no more: what is here is a copy. */
  removed?: boolean
}

export interface StatusWords {
  tone: 'quiet' | 'busy' | 'offline' | 'problem'
  /** A few words for the header. */
  short: string
  /** A sentence or two for the banner; what happened, what was kept, what to do. */
  detail?: string
}

/** How many other devices have every edit of this page's session. */
export function devicesWithAll(facts: Pick<StatusFacts, 'sent' | 'others' | 'holders'>): number {
  return facts.sent > 0
    ? facts.others.filter((o) => o.through >= facts.sent).length
    : facts.holders.filter((h) => h.complete).length
}

export function statusWords(facts: StatusFacts): StatusWords {
  const unsaved = facts.sent - facts.acked
  if (facts.refused !== undefined && unsaved > 0) return refusedWords(facts.refused, unsaved)
  if (facts.refused !== undefined && !facts.ready) {
    return { tone: 'problem', short: 'Cannot be opened', detail: sentence(facts.refused.message) }
  }
  if (facts.connection === 'lost') return unreachableWords(facts.ready, unsaved)
  if (facts.removed === true) return { tone: 'offline', short: 'Your copy' }
  if (facts.joining) return { tone: 'busy', short: 'Waiting for a member' }
  if (!facts.ready) return { tone: 'busy', short: 'Opening…' }
  if (facts.store === 'full' || facts.store === 'failing') {
    const why =
      facts.store === 'full' ? 'The disk of this device is full' : 'The disk of this device reports errors'
    if (unsaved > 0) {
      return {
        tone: 'problem',
        short: 'Not saved',
        detail: `${why}. ${changes(unsaved)} only in this tab: keep it open and make room.`,
      }
    }
    return {
      tone: 'problem',
      short: facts.store === 'full' ? 'Disk full' : 'Disk failing',
      detail: `${why}. Everything so far is kept; new changes cannot be stored until there is room again.`,
    }
  }
  if (unsaved > 0) return { tone: 'busy', short: 'Saving…' }
  if (facts.connection === 'connecting') return { tone: 'busy', short: 'Reconnecting…' }
  if (facts.offline) return { tone: 'offline', short: 'Offline: kept here' }
  if (facts.waiting === true) return { tone: 'offline', short: 'Kept here: waiting for a member' }
  return { tone: 'quiet', short: placesWords(devicesWithAll(facts)) }
}

/** "On this device", "On 1 other device", "On N other devices". */
export function placesWords(others: number): string {
  if (others === 0) return 'On this device'
  return others === 1 ? 'On 1 other device' : `On ${others} other devices`
}

function unreachableWords(ready: boolean, unsaved: number): StatusWords {
  const fact = 'This page cannot reach Sheaf on this device.'
  if (!ready) {
    return {
      tone: 'problem',
      short: 'Not connected',
      detail: `${fact} Your documents are kept there. Start Sheaf again; this page connects by itself.`,
    }
  }
  if (unsaved > 0) {
    return {
      tone: 'problem',
      short: 'Not saved',
      detail: `${fact} ${changes(unsaved)} only in this tab: keep it open until the connection is back.`,
    }
  }
  return {
    tone: 'problem',
    short: 'Not connected',
    detail: `${fact} Everything so far is kept there. You can go on writing; keep this tab open.`,
  }
}

function refusedWords(refused: { code: string; message: string }, unsaved: number): StatusWords {
  const why = sentence(refused.message || 'The node on this device refused a change')
  const kept = `${changes(unsaved)} only in this tab: keep it open.`
  switch (refused.code) {
    case 'read_only':
    case 'forbidden':
      return {
        tone: 'problem',
        short: 'Not saved',
        detail: `${why} ${changes(unsaved)} only in this tab: copy them before you close it.`,
      }
    case 'full':
      return {
        tone: 'problem',
        short: 'Not saved: disk full',
        detail: `${why} ${kept} They are sent again as soon as there is room.`,
      }
    default:
      return {
        tone: 'problem',
        short: 'Not saved',
        detail: `${why} ${kept} This page tries again by itself.`,
      }
  }
}

function changes(n: number): string {
  return n === 1 ? 'Your last change is' : `Your last ${n.toLocaleString('en')} changes are`
}

function sentence(text: string): string {
  const trimmed = text.trim()
  return /[.!?…]$/.test(trimmed) ? trimmed : `${trimmed}.`
}
