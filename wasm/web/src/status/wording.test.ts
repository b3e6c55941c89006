import { describe, expect, it } from 'vitest'
import { devicesWithAll, statusWords, type StatusFacts } from './wording'

const CALM: StatusFacts = {
  connection: 'open',
  ready: true,
  sent: 0,
  acked: 0,
  others: [],
  holders: [],
  offline: false,
  refused: undefined,
  store: 'ok',
  joining: false,
}

const say = (facts: Partial<StatusFacts>) => statusWords({ ...CALM, ...facts })

describe('the status', () => {
  it.each<[Partial<StatusFacts>, string]>([
    [{}, 'On this device'],
    [{ ready: false, connection: 'connecting' }, 'Opening…'],
    [{ joining: true, ready: false, connection: 'connecting' }, 'Waiting for a member'],
    [{ sent: 3, acked: 2 }, 'Saving…'],
    [{ sent: 3, acked: 3 }, 'On this device'],
    [{ sent: 3, acked: 3, others: [{ through: 2 }] }, 'On this device'],
    [{ sent: 3, acked: 3, others: [{ through: 3 }, { through: 2 }] }, 'On 1 other device'],
    [{ sent: 3, acked: 3, others: [{ through: 3 }, { through: 4 }] }, 'On 2 other devices'],
    [{ sent: 3, acked: 3, holders: [{ complete: true }] }, 'On this device'],
    [{ holders: [{ complete: true }, { complete: false }] }, 'On 1 other device'],
    [{ offline: true, sent: 3, acked: 3, others: [{ through: 3 }] }, 'Offline: kept here'],
    [{ offline: true, sent: 3, acked: 2 }, 'Saving…'],
    [{ connection: 'connecting', sent: 3, acked: 3 }, 'Reconnecting…'],
    [{ connection: 'connecting', sent: 3, acked: 2 }, 'Saving…'],
    [{ connection: 'lost', sent: 3, acked: 3 }, 'Not connected'],
    [{ connection: 'lost', sent: 3, acked: 2 }, 'Not saved'],
    [{ connection: 'lost', ready: false }, 'Not connected'],
    [{ store: 'full' }, 'Disk full'],
    [{ store: 'full', sent: 1 }, 'Not saved'],
    [{ store: 'failing' }, 'Disk failing'],
    [{ store: 'repaired' }, 'On this device'],
  ])('%j is %s', (facts, words) => {
    expect(say(facts).short).toBe(words)
  })

  it('never claims a place for edits that are not durable here', () => {
    for (const connection of ['connecting', 'open', 'lost'] as const) {
      for (const offline of [true, false]) {
        for (const store of ['ok', 'full', 'failing', 'repaired'] as const) {
          for (const refused of [undefined, { code: 'internal', message: '' }]) {
            const { short } = say({
              connection,
              offline,
              store,
              refused,
              sent: 2,
              acked: 1,
              others: [{ through: 2 }],
            })
            expect(short).toMatch(/^(Saving…|Not saved)/)
          }
        }
      }
    }
  })

  it('says what happened, what was kept and what to do when the node is away', () => {
    expect(say({ connection: 'lost', sent: 14, acked: 2 }).detail).toBe(
      'This page cannot reach Sheaf on this device. Your last 12 changes are only in this tab: keep it open until the connection is back.',
    )
    expect(say({ connection: 'lost', sent: 1 }).detail).toContain('Your last change is only in this tab')
    expect(say({ connection: 'lost' }).detail).toContain('Everything so far is kept there')
  })

  it('shows the refusal of the node in its own words', () => {
    const refused = { code: 'read_only', message: 'You may read this document but not change it' }
    expect(say({ refused, sent: 2 })).toEqual({
      tone: 'problem',
      short: 'Not saved',
      detail:
        'You may read this document but not change it. Your last 2 changes are only in this tab: copy them before you close it.',
    })
    expect(say({ refused: { code: 'full', message: 'The disk is full.' }, sent: 1 }).detail).toBe(
      'The disk is full. Your last change is only in this tab: keep it open. They are sent again as soon as there is room.',
    )
    expect(say({ refused }).short).toBe('On this device')
    expect(say({ refused, ready: false, connection: 'lost' })).toEqual({
      tone: 'problem',
      short: 'Cannot be opened',
      detail: 'You may read this document but not change it.',
    })
  })

  it('counts devices by receipts, or by what is known of them before the first edit', () => {
    expect(devicesWithAll({ sent: 0, others: [{ through: 0 }], holders: [] })).toBe(0)
    expect(devicesWithAll({ sent: 0, others: [], holders: [{ complete: true }] })).toBe(1)
    expect(devicesWithAll({ sent: 1, others: [{ through: 1 }], holders: [] })).toBe(1)
  })
})
