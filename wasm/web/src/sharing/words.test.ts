import { describe, expect, it } from 'vitest'
import type { LinkInfo } from '../api/types'
import { deviceName, linkRoleWords, linkWords, removedWords, seenWords, spanWords } from './words'

const HOUR = 3_600_000

describe('a link', () => {
  const link: LinkInfo = {
    id: 'l',
    role: 'editor',
    label: '',
    link: '',
    web: '',
    createdAt: 0,
    expiresAt: 0,
    maxUses: 0,
    uses: 0,
    state: 'open',
    mine: true,
  }
  it.each([
    [{}, 'Not used yet'],
    [{ uses: 1 }, 'Used by 1 device'],
    [{ uses: 3 }, 'Used by 3 devices'],
    [{ uses: 2, maxUses: 5 }, 'Used by 2 of 5 devices'],
    [{ expiresAt: 3 * HOUR }, 'Not used yet, open for 3 hours more'],
    [{ state: 'revoked' as const, uses: 1 }, 'Used by 1 device, taken back'],
    [{ state: 'expired' as const, expiresAt: 1 }, 'Not used yet, expired'],
    [{ state: 'used' as const, uses: 1, maxUses: 1 }, 'Used by 1 of 1 devices, used up'],
    [{ state: 'closed' as const }, 'Not used yet, closed when access was taken away'],
  ])('%j: %s', (change, words) => {
    expect(linkWords({ ...link, ...change }, 0)).toBe(words)
  })

  it('says what it gives', () => {
    expect(linkRoleWords('viewer')).toBe('read')
    expect(linkRoleWords('commenter')).toBe('read and comment')
    expect(linkRoleWords('editor')).toBe('read and edit')
  })
})

describe('a device', () => {
  const d = { me: false, online: false, lastSeen: 0, kind: 'node' }
  it('is told by name, or by what it is', () => {
    expect(deviceName({ name: 'Laptop', kind: 'node', device: 'abcdefghi' })).toBe('Laptop')
    expect(deviceName({ name: '', kind: 'node', device: 'abcdefghi' })).toBe('Computer abcdef')
    expect(deviceName({ name: '', kind: 'other', device: 'abcdefghi' })).toBe('Device abcdef')
  })
  it('was seen at some time', () => {
    expect(seenWords({ ...d, me: true }, 0)).toBe('This device')
    expect(seenWords({ ...d, online: true }, 0)).toBe('Connected now')
    expect(seenWords(d, 0)).toBe('Not seen from here yet')
    expect(seenWords({ ...d, lastSeen: 1 }, 5 * 60_000)).toBe('Seen 4 minutes ago')
    expect(seenWords({ ...d, kind: 'paper' }, 0)).toBe('Recovery words, kept on paper')
  })
})

it.each([
  [3, 0, 'Laptop was removed from 3 documents.'],
  [0, 0, 'Laptop was in no document.'],
  [1, 2, /^Laptop was removed from 1 document. In 2 documents it cannot be removed from this device/],
  [0, 1, /^In 1 document it cannot be removed/],
])('a lost device: removed from %i, kept in %i', (documents, kept, words) => {
  expect(removedWords('Laptop', documents, kept)).toMatch(words)
})

it.each([
  [10_000, '1 minute'],
  [90 * 60_000, '2 hours'],
  [47 * HOUR, '47 hours'],
  [7 * 24 * HOUR, '7 days'],
])('%i ms is %s', (ms, words) => {
  expect(spanWords(ms)).toBe(words)
})
