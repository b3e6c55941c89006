import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axe, parts, shownText, waitForText } from '../browser'
import { converged, leave, Person, says, shot } from './people'

/** How long word of a change of members may take to reach everyone. */
const HEARD_MS = 40_000

describe('an owner, an editor by link and a commenter by card', () => {
  const ada = new Person({ name: 'Ada Lovelace' })
  const bob = new Person({ name: 'Bob Noyce' })
  const cleo = new Person({ name: 'Cleo Virgil' })
  let a: Page
  let b: Page
  let c: Page
  let id: string

  beforeAll(async () => {
    await Promise.all([ada, bob, cleo].map((p) => p.daemon.start()))
    a = await ada.open()
    b = await bob.open()
    c = await cleo.open()
  })
  afterAll(() => leave(ada, bob, cleo))

  it('lets an editor in by a link that the owner made for one device', async () => {
    await a.getByRole('button', { name: 'New document' }).first().click()
    await parts.title(a).fill('Notes on the engine')
    await parts.text(a).click()
    await a.keyboard.type('# Notes')
    await a.keyboard.press('Enter')
    await a.keyboard.type('Ada begins.')
    await says(a, 'On this device')
    id = new URL(a.url()).pathname.split('/').pop()!
    await share(a)
    await a.getByRole('button', { name: 'Links', exact: true }).click()
    await a.getByLabel('Who has it can').selectOption('editor')
    await a.getByLabel('Name, for you').fill('For Bob')
    await a.getByLabel('Devices it lets in').fill('1')
    await a.getByRole('button', { name: 'Make a link' }).click()
    const item = a.getByRole('listitem').filter({ hasText: 'For Bob' })
    const link = await item.getByRole('textbox').inputValue()
    expect(link).toMatch(/^sheaf:\/\/join#v1\./)
    await item.getByRole('button', { name: 'Show as QR code' }).click()
    await item.getByRole('img', { name: /QR code/ }).waitFor()
    expect(await axe(a)).toEqual([])
    await shot(a, 'real-links')
    await a.keyboard.press('Escape')

    await b.getByRole('button', { name: 'Join', exact: true }).click()
    await b.getByRole('textbox', { name: 'Link' }).fill(link)
    await b.keyboard.press('Enter')
    await b.waitForURL(`**/d/${id}`)
    await waitForText(b, 'Ada begins.')
    await parts.text(b).click()
    await b.keyboard.press('Control+End')
    await b.keyboard.type(' Bob goes on.')
    await waitForText(a, 'Bob goes on.')
    await says(b, 'On 1 other device')
  })

  it('lets a commenter in by a contact card, whose page offers comments only', async () => {
    await settings(c, 'Your devices')
    const card = c.getByRole('textbox', { name: 'Your contact card' })
    await expect.poll(() => card.inputValue()).toMatch(/^sheaf:\/\/card/)
    const text = await card.inputValue()
    await shot(c, 'real-card')
    await c.keyboard.press('Escape')

    await share(a)
    await a.getByLabel('Add someone by their contact card').fill(text)
    await a.getByRole('combobox', { name: 'Role', exact: true }).selectOption('commenter')
    await a.getByRole('button', { name: 'Add', exact: true }).click()
    const link = await a.getByRole('textbox', { name: 'Link for the person you added' }).inputValue()
    await c.getByRole('button', { name: 'Join', exact: true }).click()
    await c.getByRole('textbox', { name: 'Link' }).fill(link)
    await c.keyboard.press('Enter')
    await c.waitForURL(`**/d/${id}`)
    await waitForText(c, 'Bob goes on.', HEARD_MS)
    await a.getByRole('list', { name: 'People' }).getByText('Cleo Virgil').waitFor({ timeout: HEARD_MS })
    expect(await axe(a)).toEqual([])
    await shot(a, 'real-people')
    await a.keyboard.press('Escape')
    await c.getByText('You can read and comment').waitFor()
    expect(await parts.text(c).getAttribute('contenteditable')).toBe('false')
    expect(await parts.title(c).getAttribute('readonly')).not.toBeNull()
    await shot(c, 'real-commenter')
    await converged(id, ada.daemon, bob.daemon, cleo.daemon)
  })

  it('F25: what a removed editor wrote offline is void for all, and kept for them to take along', async () => {
    await offline(b, true)
    await parts.text(b).click()
    await b.keyboard.press('Control+End')
    await b.keyboard.type(' Bob, late and alone.')
    await says(b, 'Offline: kept here')

    await share(a)
    await a.getByRole('button', { name: 'Devices of Bob Noyce' }).click()
    await a.getByRole('button', { name: 'Remove Bob Noyce' }).click()
    await shot(a, 'real-remove')
    await a.getByRole('alertdialog').getByRole('button', { name: 'Remove', exact: true }).click()
    await expect.poll(() => a.getByText('Bob Noyce').count(), { timeout: HEARD_MS }).toBe(0)
    await a.keyboard.press('Escape')

    await offline(b, false)
    await b.getByText('You are no longer a member of this document.').waitFor({ timeout: HEARD_MS })
    await expect.poll(() => parts.text(b).getAttribute('contenteditable')).toBe('false')
    expect(await axe(b)).toEqual([])
    await shot(b, 'real-removed')
    const download = b.waitForEvent('download')
    await b.getByRole('button', { name: 'Export as text' }).click()
    const saved = readFileSync(await (await download).path(), 'utf8')
    expect(saved).toContain('Ada begins. Bob goes on.')
    expect(saved).toContain('Bob, late and alone.')
    await a.getByRole('button', { name: /set aside/ }).waitFor({ timeout: HEARD_MS })
    for (const page of [a, c]) expect(await shownText(page)).not.toContain('late and alone')
    await converged(id, ada.daemon, cleo.daemon)
  })

  it('takes the late edits back in for all with one click of the owner', async () => {
    await a.getByRole('button', { name: /set aside/ }).click()
    await a.getByText('Bob, late and alone.').first().waitFor()
    expect(await axe(a)).toEqual([])
    await shot(a, 'real-aside')
    await a.getByRole('button', { name: 'Accept' }).click()
    await a.keyboard.press('Escape')
    await waitForText(a, 'Bob, late and alone.', HEARD_MS)
    await waitForText(c, 'Bob, late and alone.', HEARD_MS)
    await converged(id, ada.daemon, cleo.daemon)
    await expect.poll(() => a.getByRole('button', { name: /set aside/ }).count()).toBe(0)
  })
})

describe('one person with several devices', () => {
  const desk = new Person({ name: 'Desk' })
  const laptop = new Person({ name: 'Laptop' })
  const phone = new Person({ name: 'Phone' }, { viewport: { width: 390, height: 780 } })
  const fresh = new Person({ name: 'New desk' })
  let d: Page
  let p: Page
  let words: string[]
  let letters: string

  beforeAll(async () => {
    await Promise.all([desk, laptop, phone].map((p) => p.daemon.start()))
    d = await desk.open()
    for (const title of ['Letters', 'Plans']) await desk.daemon.create(title)
  })
  afterAll(() => leave(desk, laptop, phone, fresh))

  it('pairs a second device by pasting its link, which then has all documents', async () => {
    // The phone comes first: of two devices only the senior one can remove the other.
    p = await phone.open()
    await pair(d, p, 'Phone')
    const l = await laptop.open()
    await pair(d, l, 'Laptop')
    for (const title of ['Letters', 'Plans'])
      await l.getByRole('link', { name: new RegExp(title) }).waitFor({ timeout: HEARD_MS })
    await l.getByRole('link', { name: /Letters/ }).click()
    await parts.text(l).click()
    await l.keyboard.type('Written on the laptop.')
    letters = (
      await laptop.daemon.call<{ documents: { id: string; title: string }[] }>('documents.list')
    ).documents.find((x) => x.title === 'Letters')!.id
    await d.goto(`${desk.daemon.origin}/d/${letters}`)
    await waitForText(d, 'Written on the laptop.')
    // A document made later comes by itself.
    await desk.daemon.create('Later')
    await l.goto(laptop.daemon.origin)
    await l.getByRole('link', { name: /Later/ }).waitFor({ timeout: HEARD_MS })
  })

  it('F25: removes a lost laptop everywhere from a phone', async () => {
    await d.goto(desk.daemon.origin)
    for (const title of ['Letters', 'Plans', 'Later'])
      await p.getByRole('link', { name: new RegExp(title) }).waitFor({ timeout: HEARD_MS })
    await settings(p, 'Your devices')
    const row = p.getByRole('listitem').filter({ hasText: 'Laptop' })
    await row.getByRole('button', { name: 'Lost it' }).click()
    expect(await axe(p)).toEqual([])
    await shot(p, 'real-lost')
    await p.getByRole('button', { name: 'Remove everywhere' }).click()
    await expect.poll(() => row.count(), { timeout: HEARD_MS }).toBe(0)
    await p.keyboard.press('Escape')
    const documents = await laptop.daemon.call<{ documents: { state: string }[] }>('documents.list')
    expect(documents.documents.length).toBeGreaterThan(0)
    await expect
      .poll(
        async () =>
          (await laptop.daemon.call<{ documents: { state: string }[] }>('documents.list')).documents.every(
            (x) => x.state === 'removed',
          ),
        { timeout: HEARD_MS },
      )
      .toBe(true)
  })

  it('brings everything back from 24 words on an empty data directory', async () => {
    await settings(d, 'Your devices')
    await d.getByRole('button', { name: /Recovery words/i }).click()
    await d.getByRole('button', { name: 'Show the words' }).click()
    const list = d.getByRole('list', { name: 'Recovery words' }).getByRole('listitem')
    await expect.poll(() => list.count()).toBe(24)
    words = await list.allTextContents()
    await d.getByRole('switch', { name: /I have written them down/ }).click()
    await d.getByRole('button', { name: 'Done' }).click()
    await d.getByText('You have recovery words').waitFor()
    await d.keyboard.press('Escape')

    await fresh.daemon.start()
    const n = await fresh.open()
    await n.getByRole('button', { name: 'This is another device of mine' }).click()
    await n.getByRole('button', { name: 'With recovery words' }).click()
    await n.getByLabel('Your 24 words').fill(words.join(' '))
    // There is no local network here to find the desk in.
    await n.getByLabel('Where to look').fill((await desk.daemon.share(letters)).link)
    expect(await axe(n)).toEqual([])
    await n.getByRole('button', { name: 'Continue' }).click()
    await n.getByText('Which of these devices are lost?').waitFor({ timeout: HEARD_MS })
    expect(await axe(n)).toEqual([])
    await shot(n, 'real-which-are-lost')
    await n.getByRole('button', { name: 'None is lost, restore' }).click()
    await n.getByRole('button', { name: 'Show my documents' }).click({ timeout: 200_000 })
    for (const title of ['Letters', 'Plans', 'Later'])
      await n.getByRole('link', { name: new RegExp(title) }).waitFor({ timeout: HEARD_MS })
    await n.getByRole('link', { name: /Letters/ }).click()
    await waitForText(n, 'Written on the laptop.', HEARD_MS)
    await shot(n, 'real-restored')
  }, 300_000)
})

async function share(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Share' }).click()
  await page.getByRole('heading', { name: 'Share' }).waitFor()
}

async function settings(page: Page, item: string): Promise<void> {
  await page.getByRole('button', { name: 'Settings' }).click()
  await page.getByRole('menuitem', { name: item }).click()
}

/** Makes the node of one page a device of the other's, as a person does. */
async function pair(old: Page, fresh: Page, name: string): Promise<void> {
  await settings(old, 'Your devices')
  await old.getByRole('button', { name: 'Add a device' }).click()
  const field = old.getByRole('textbox', { name: 'Link for the new device' })
  await expect.poll(() => field.inputValue()).toMatch(/^sheaf:\/\/pair/)
  const link = await field.inputValue()
  await old.getByRole('img', { name: /QR code/ }).waitFor()
  await shot(old, `real-pair-${name}`)
  await fresh.getByRole('button', { name: 'This is another device of mine' }).click()
  await fresh.getByLabel('Link of the other device').fill(link)
  await fresh.getByLabel('What to call this device').fill(name)
  await fresh.getByRole('button', { name: 'Connect' }).click()
  await old.getByText(name, { exact: true }).waitFor()
  await shot(old, `real-confirm-${name}`)
  await old.getByRole('button', { name: 'Add it' }).click()
  await old.getByRole('button', { name: 'Done' }).click({ timeout: HEARD_MS })
  await fresh.getByRole('button', { name: 'Show my documents' }).click({ timeout: HEARD_MS })
  await old.getByRole('listitem').filter({ hasText: name }).waitFor()
  await old.keyboard.press('Escape')
}

/** Presses the switch "Work offline", as a person finds it. */
async function offline(page: Page, on: boolean): Promise<void> {
  await parts.status(page).click()
  const press = page.getByRole('switch', { name: /Work offline/ })
  await press.click()
  await expect.poll(() => press.isChecked()).toBe(on)
  await page.keyboard.press('Escape')
}
