import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parts, shownText, waitForText } from '../browser'
import { CONNECTION, converged, leave, Person, says, shot } from './people'
import { NOTES, pasteHTML } from './notes'

describe('two people with a node and a Chromium each', () => {
  const ada = new Person({ name: 'Ada Lovelace' })
  const bob = new Person({ name: 'Bob Noyce' })
  let a: Page
  let b: Page
  let id: string

  beforeAll(async () => {
    await Promise.all([ada.daemon.start(), bob.daemon.start()])
    a = await ada.open()
    b = await bob.open()
  })
  afterAll(() => leave(ada, bob))

  it('share a document of several pages by its link', async () => {
    await a.getByRole('button', { name: 'New document' }).first().click()
    await parts.text(a).click()
    await pasteHTML(a, NOTES)
    await parts.title(a).fill('Notes on the engine')
    await says(a, 'On this device')
    id = new URL(a.url()).pathname.split('/').pop()!
    await a.getByRole('button', { name: 'Share' }).click()
    const field = a.getByRole('textbox', { name: 'Link' })
    await expect.poll(() => field.inputValue()).toMatch(/^sheaf:\/\/join#v1\./)
    const link = await field.inputValue()
    await shot(a, 'real-share')
    await a.keyboard.press('Escape')

    await b.getByRole('button', { name: 'Join', exact: true }).click()
    await b.getByRole('textbox', { name: 'Link' }).fill(link)
    await b.keyboard.press('Enter')
    await b.waitForURL(`**/d/${id}`)
    await waitForText(b, 'the last line of these notes')
    expect(await shownText(b)).toBe(await shownText(a))
    expect(await parts.title(b).inputValue()).toBe('Notes on the engine')
    await says(a, 'On 1 other device')
    await converged(id, ada.daemon, bob.daemon)
  })

  it('F08: type at once in one paragraph and in different ones, and keep every character', async () => {
    const first = ' Ada writes at the beginning of it, and goes on for a while.'
    const second = ' Bob writes at the end of it, at the same moment as she does.'
    await a.getByText('Both write in this paragraph').click()
    await b.getByText('Both write in this paragraph').click()
    await a.keyboard.press('Home')
    await b.keyboard.press('End')
    await Promise.all([a.keyboard.type(first, { delay: 15 }), b.keyboard.type(second, { delay: 15 })])
    for (const page of [a, b]) {
      await waitForText(page, first)
      await waitForText(page, second)
    }
    await a.locator('.caret', { hasText: 'Bob Noyce' }).waitFor()
    await b.locator('.caret', { hasText: 'Ada Lovelace' }).waitFor()
    await shot(a, 'real-editor')
    // The same place in the same paragraph: runs stay whole, whichever comes first.
    const left = '<aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa>'
    const right = '[bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb]'
    await a.keyboard.press('Home')
    await b.keyboard.press('Home')
    await Promise.all([a.keyboard.type(left, { delay: 10 }), b.keyboard.type(right, { delay: 10 })])
    // Different paragraphs.
    await a.getByText('Here only Ada writes').click()
    await b.getByText('Here only Bob writes').click()
    await a.keyboard.press('End')
    await b.keyboard.press('End')
    const own = ' So she says what she has to say.'
    const his = ' So he says what he has to say.'
    await Promise.all([a.keyboard.type(own, { delay: 15 }), b.keyboard.type(his, { delay: 15 })])
    for (const page of [a, b]) for (const run of [left, right, own, his]) await waitForText(page, run)

    await says(a, 'On 1 other device')
    await says(b, 'On 1 other device')
    const shown = await shownText(a)
    expect(await shownText(b)).toBe(shown)
    await converged(id, ada.daemon, bob.daemon)
    const texts = await Promise.all([ada.daemon.text(id), bob.daemon.text(id)])
    expect(texts[0]).toBe(texts[1])
    for (const run of [first, second, left, right, own, his]) expect(texts[0]).toContain(run)
  })

  it('F06, F31: go on writing without a network, are told so, and end with the same text', async () => {
    await a.getByText('Here only Ada writes').click()
    await setOffline(b, true)
    await b.getByText('Here only Bob writes').click()
    await a.keyboard.press('End')
    await b.keyboard.press('End')
    await Promise.all([
      a.keyboard.type(' Ada, while Bob is away.', { delay: 10 }),
      b.keyboard.type(' Bob, far from everyone.', { delay: 10 }),
    ])
    // Typing after a pause is undone by itself.
    await b.waitForTimeout(1000)
    await b.keyboard.type(' And this he takes back.', { delay: 10 })
    await says(a, 'On this device')
    await says(b, 'Offline: kept here')
    expect(await shownText(b)).not.toContain('while Bob is away')
    expect(await shownText(a)).not.toContain('far from everyone')
    // Undo and redo of own edits, and of nothing else.
    const before = await shownText(b)
    await parts.tool(b, 'Undo').click()
    await expect.poll(() => shownText(b)).not.toContain('And this he takes back')
    await parts.tool(b, 'Redo').click()
    await expect.poll(() => shownText(b)).toBe(before)
    await parts.tool(b, 'Undo').click()
    await expect.poll(() => shownText(b)).not.toContain('And this he takes back')
    await says(b, 'Offline: kept here')
    expect((await bob.daemon.status()).offline).toBe(true)

    await setOffline(b, false)
    await b.getByText('Here only Bob writes').click()
    await b.keyboard.press('End')
    await waitForText(a, 'Bob, far from everyone.')
    await waitForText(b, 'Ada, while Bob is away.')
    await says(a, 'On 1 other device')
    await says(b, 'On 1 other device')
    const shown = await shownText(a)
    expect(await shownText(b)).toBe(shown)
    expect(shown).not.toContain('And this he takes back')
    await converged(id, ada.daemon, bob.daemon)
    expect(await ada.daemon.text(id)).toBe(await bob.daemon.text(id))
    // Both see each other again, and undo still takes back only what is theirs.
    await b.keyboard.type(' Back.')
    await waitForText(a, 'Bob, far from everyone. Back.')
    await a.locator('.caret', { hasText: 'Bob Noyce' }).waitFor()
    await parts.tool(a, 'Undo').click()
    await expect.poll(() => shownText(b)).not.toContain('Ada, while Bob is away')
    await waitForText(a, 'Bob, far from everyone. Back.')
    await parts.tool(a, 'Redo').click()
    await waitForText(b, 'Ada, while Bob is away')
    await says(a, 'On 1 other device')
    await converged(id, ada.daemon, bob.daemon)
  })

  it('join a second document by opening its web link at the own node', async () => {
    const second = await ada.daemon.create('Second plan')
    const { web } = await ada.daemon.share(second.id)
    const page = await bob.open()
    await page.goto('about:blank')
    await page.goto(`${bob.daemon.origin}/${new URL(web).hash}`)
    await page.waitForURL(`**/d/${second.id}`)
    expect(page.url()).not.toContain('#')
    await parts.text(page).click()
    await page.keyboard.type('By the web link.')
    await says(page, 'On 1 other device')
    expect(await ada.daemon.text(second.id)).toContain('By the web link.')
  })

  it('have their text after both nodes were stopped', async () => {
    const hash = await converged(id, ada.daemon, bob.daemon)
    const shown = await ada.daemon.text(id)
    ada.expected = bob.expected = CONNECTION
    await Promise.all([ada.daemon.stop(), bob.daemon.stop()])
    expect(await ada.daemon.text(id)).toBe(shown)
    expect(await bob.daemon.text(id)).toBe(shown)
    await says(a, 'Not connected')
    await Promise.all([ada.daemon.start(), bob.daemon.start()])
    await says(a, 'On 1 other device', 30_000)
    await says(b, 'On 1 other device', 30_000)
    expect(await converged(id, ada.daemon, bob.daemon)).toBe(hash)
    expect(ada.daemon.log + bob.daemon.log).toBe('')
  })
})

/** Presses the switch "Work offline", as a person finds it. */
async function setOffline(page: Page, offline: boolean): Promise<void> {
  await parts.status(page).click()
  const press = page.getByRole('switch', { name: /Work offline/ })
  await press.click()
  await expect.poll(() => press.isChecked()).toBe(offline)
  if (offline) {
    await says(page, 'Offline: kept here')
    await shot(page, 'real-offline')
  }
  await page.keyboard.press('Escape')
  await press.waitFor({ state: 'detached' })
}
