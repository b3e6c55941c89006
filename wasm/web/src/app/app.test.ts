import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { allowedAddress, completeAddress } from '../editor/links'
import { whereWords } from '../home/where'
import { keysFor } from '../ui/keys'
import { normaliseLink, takeInvitation } from './invitation'
import { colourOf, initials, PALETTE, nameFor, readPerson } from './people'
import { parseRoute, pathOf } from './router'
import { whenWords } from './when'

describe('invitations', () => {
  it('are taken out of the address', () => {
    const seen: unknown[] = []
    const history = { replaceState: (...args: unknown[]) => void seen.push(args) }
    expect(takeInvitation({ hash: '#v1.abc', pathname: '/', search: '' }, history)).toBe(
      'sheaf://join#v1.abc',
    )
    expect(seen).toEqual([[null, '', '/']])
    expect(takeInvitation({ hash: '#text', pathname: '/', search: '' }, history)).toBeUndefined()
    expect(seen.length).toBe(1)
  })

  it.each([
    [' sheaf://join#v1.abc\n', 'sheaf://join#v1.abc'],
    ['http://127.0.0.1:4000/#v1.abc', 'sheaf://join#v1.abc'],
    ['https://sheaf.example/d#v1.abc', 'sheaf://join#v1.abc'],
    ['#v1.abc', 'sheaf://join#v1.abc'],
    ['v1.abc', undefined],
    ['javascript:alert(1)#v1.abc', undefined],
    ['see sheaf://join#v1.abc please', undefined],
    ['', undefined],
  ])('%j', (pasted, link) => {
    expect(normaliseLink(pasted)).toBe(link)
  })
})

describe('people', () => {
  const luminance = (hex: string) => {
    const part = (at: number) => {
      const c = parseInt(hex.slice(at, at + 2), 16) / 255
      return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
    }
    return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
  }
  const contrast = (a: string, b: string) => {
    const [x, y] = [luminance(a), luminance(b)].sort((m, n) => n - m)
    return (x! + 0.05) / (y! + 0.05)
  }
  const tokens = readFileSync(join(import.meta.dirname, '../styles/tokens.css'), 'utf8')
  const pages = [...tokens.matchAll(/--page: (#[0-9a-f]{6})/g)].map((m) => m[1]!)

  it.each(PALETTE)('%s can be read on its label and seen on the page in each theme', (colour) => {
    expect(contrast(colour, '#ffffff')).toBeGreaterThanOrEqual(4.5)
    expect(pages.length).toBeGreaterThanOrEqual(2)
    for (const page of pages) expect(contrast(colour, page)).toBeGreaterThanOrEqual(3)
  })

  it('keep their colour, and use all of them', () => {
    expect(colourOf('a device')).toBe(colourOf('a device'))
    const used = new Set(Array.from({ length: 500 }, (_, i) => colourOf(`device ${i}`)))
    expect(used.size).toBe(PALETTE.length)
  })

  it('are read with suspicion', () => {
    expect(readPerson({ name: ' Ada ', color: PALETTE[2], device: 'd' }, '1')).toEqual({
      name: 'Ada',
      colour: PALETTE[2],
      device: 'd',
    })
    const odd = readPerson({ name: 7, color: 'url(//evil)', device: null }, '9')
    expect(odd).toEqual({ name: 'Someone', colour: colourOf('9'), device: '9' })
    expect(readPerson({ name: 'x'.repeat(500) }, '1').name.length).toBe(40)
    expect(readPerson(null, '1').name).toBe('Someone')
  })

  it('are called by their name, the reader by "You" while there is none', () => {
    expect([nameFor('Ada', true), nameFor('', true), nameFor('', false)]).toEqual(['Ada', 'You', 'Someone'])
  })

  it.each([
    ['Ada Lovelace', 'AL'],
    ['ada', 'A'],
    ['Ada King of Lovelace', 'AL'],
    ['', '?'],
    ['😀 x', '😀X'],
  ])('%s has the initials %s', (name, letters) => {
    expect(initials(name)).toBe(letters)
  })
})

describe('addresses in documents', () => {
  it.each([
    ['example.org/a', 'https://example.org/a'],
    ['http://example.org', 'http://example.org'],
    ['ada@example.org', 'mailto:ada@example.org'],
    ['tel:+441234', 'tel:+441234'],
    ['localhost:3000/x', 'https://localhost:3000/x'],
    ['javascript:alert(1)', undefined],
    ['JaVaScRiPt:alert(1)', undefined],
    ['data:text/html,x', undefined],
    ['two words', undefined],
    ['', undefined],
  ])('%s becomes %s', (typed, address) => {
    expect(completeAddress(typed)).toBe(address)
  })

  it('are absolute and harmless', () => {
    expect(allowedAddress('https://example.org')).toBe(true)
    expect(allowedAddress(' javascript:alert(1)')).toBe(false)
    expect(allowedAddress('vbscript:x')).toBe(false)
    expect(allowedAddress('/relative')).toBe(false)
  })
})

describe('words', () => {
  const now = new Date(2026, 4, 20, 15, 0).getTime()
  const minutes = 60_000
  it.each([
    [now - 20_000, 'just now'],
    [now + 5_000, 'just now'],
    [now - minutes, '1 minute ago'],
    [now - 59 * minutes, '59 minutes ago'],
    [now - 3 * 60 * minutes, '3 hours ago'],
    [now - 20 * 60 * minutes, 'yesterday'],
    [new Date(2026, 4, 17).getTime(), 'Sunday'],
    [new Date(2026, 0, 3).getTime(), '3 Jan'],
    [new Date(2024, 0, 3).getTime(), '3 Jan 2024'],
  ])('%i is %s', (then, words) => {
    expect(whenWords(then, now)).toBe(words)
  })

  it('say where a document is', () => {
    const other = (complete: boolean) => ({ device: 'd', name: '', complete })
    expect(whereWords({ state: 'ready', others: [] })).toBe('On this device')
    expect(whereWords({ state: 'ready', others: [other(false)] })).toBe('On this device')
    expect(whereWords({ state: 'ready', others: [other(true)] })).toBe('Here and on 1 other device')
    expect(whereWords({ state: 'ready', others: [other(true), other(true)] })).toBe(
      'Here and on 2 other devices',
    )
    expect(whereWords({ state: 'joining', others: [] })).toBe('Waiting for a member')
  })

  it('name keys as the system does', () => {
    expect(keysFor('Mod-Shift-7', false)).toBe('Ctrl+Shift+7')
    expect(keysFor('Mod-Shift-z', true)).toBe('⌘⇧Z')
  })
})

describe('routes', () => {
  it.each(['/', '/trash', '/d/abc_-9'])('%s goes there and back', (path) => {
    expect(pathOf(parseRoute(path))).toBe(path)
  })
  it('fall back to the list', () => {
    expect(parseRoute('/d/a/b')).toEqual({ page: 'home' })
    expect(parseRoute('/elsewhere')).toEqual({ page: 'home' })
  })
})
