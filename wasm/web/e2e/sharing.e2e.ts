/** Dialogs about people, links, devices and what was set aside, with a dev node. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { axe, parts } from './browser'
import { membershipOf, ownDevice, ownOf, person, WORDS } from './devsharing'
import { useHarness, type Harness } from './harness'

async function check(h: Harness, page: Page, name: string): Promise<void> {
  await h.shot(page, name)
  // A document without a heading of its own has none to show.
  const found = (await axe(page)).filter((f) => !f.startsWith('page-has-heading-one'))
  expect(found, name).toEqual([])
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)
  expect(wide, `${name} fits`).toBe(false)
}

function dialogs(name: string, h: Harness): void {
  it('shows people, changes roles, removes and verifies', async () => {
    const id = h.shared()
    const m = membershipOf(h.ada.node, id)
    m.people.push(
      person('Charles Babbage', 'editor'),
      person('Mary Somerville', 'commenter', { verified: true }),
    )
    const page = await h.open(h.ada, `/d/${id}`)
    await page.getByRole('button', { name: 'Share' }).click()
    await page.getByText('Charles Babbage').waitFor()
    await check(h, page, `${name}-people`)
    const role = page.getByRole('combobox', { name: 'Role', exact: true })
    expect(await role.evaluate((e) => getComputedStyle(e).fontFamily)).not.toContain('mono')
    await page.getByLabel('Role of Charles Babbage').selectOption('viewer')
    await expect.poll(() => m.people[0]!.role).toBe('viewer')
    await page.getByRole('button', { name: 'Devices of Charles Babbage' }).click()
    await page.getByRole('button', { name: 'I compared it' }).click()
    await expect.poll(() => m.people[0]!.verified).toBe(true)
    await page.getByRole('button', { name: 'Remove Charles Babbage' }).click()
    await check(h, page, `${name}-remove`)
    await page.getByRole('button', { name: 'Remove', exact: true }).click()
    await expect.poll(() => m.people.map((p) => p.name)).toEqual(['Mary Somerville'])
    await page.getByLabel('Add someone by their contact card').fill('nonsense')
    await page.getByRole('button', { name: 'Add', exact: true }).click()
    await page.getByText('This is not a contact card.').waitFor()
    h.expected = /404/
  })

  it('makes, shows and takes back links', async () => {
    const id = h.shared()
    const m = membershipOf(h.ada.node, id)
    m.requests.push({ device: 'x', name: '', role: 'editor', askedAt: Date.now() })
    const page = await h.open(h.ada, `/d/${id}`)
    await page.getByRole('button', { name: 'Share' }).click()
    await page.getByRole('button', { name: 'Links' }).click()
    await page.getByLabel('Who has it can').selectOption('commenter')
    await page.getByLabel('Name, for you').fill('Reading group')
    await page.getByLabel('Devices it lets in').fill('5')
    await page.getByRole('button', { name: 'Make a link' }).click()
    await page.getByText('Reading group').waitFor()
    expect(m.links).toMatchObject([{ role: 'commenter', label: 'Reading group', maxUses: 5 }])
    await page.getByRole('button', { name: 'Show as QR code' }).click()
    await page.getByRole('img', { name: 'The link as a QR code' }).waitFor()
    await check(h, page, `${name}-links`)
    await page.getByRole('button', { name: 'Take back' }).click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Take back' }).click()
    await page.getByText('1 link that let nobody in any more').waitFor()
    expect(m.links[0]!.state).toBe('revoked')
  })

  it('adds and removes devices, and shows recovery words once', async () => {
    const page = await h.open(h.ada)
    await page.getByRole('button', { name: 'Settings' }).click()
    await page.getByRole('menuitem', { name: 'Your devices' }).click()
    await page.getByText('This laptop').waitFor()
    await check(h, page, `${name}-devices`)
    await page.getByRole('button', { name: 'Add a device' }).click()
    // A link made elsewhere takes the place of this one, and the other way round.
    await page.getByRole('button', { name: 'Add it' }).waitFor()
    h.ada.node.emit({
      type: 'pairing',
      pairing: { number: 2, state: 'waiting', role: 'old', name: '', device: '', code: '', message: '' },
    })
    await page.getByText('A newer link was made elsewhere').waitFor()
    await check(h, page, `${name}-replaced`)
    await page.getByRole('button', { name: 'Make a new link' }).click()
    await page.getByRole('button', { name: 'Add it' }).click()
    await page.getByRole('button', { name: 'Done' }).click()
    await page.getByText('Phone').waitFor()
    await page.getByRole('button', { name: 'Lost it' }).click()
    await check(h, page, `${name}-lost`)
    await page.getByRole('button', { name: 'Remove everywhere' }).click()
    await expect.poll(() => ownOf(h.ada.node).devices.length).toBe(0)
    await page.getByRole('button', { name: 'Recovery words' }).click()
    await page.getByRole('button', { name: 'Show the words' }).click()
    await page.getByText('word24').waitFor()
    await check(h, page, `${name}-words`)
    await page.getByRole('switch', { name: /I have written them down/ }).click()
    await page.getByRole('button', { name: 'Done' }).click()
    await page.getByText('You have recovery words').waitFor()
  })

  it('asks which devices are lost when the words bring everything back', async () => {
    const own = ownOf(h.ada.node)
    own.recoverable = [ownDevice('Old laptop', 'laptop', false), ownDevice('Phone', 'phone', false)]
    const page = await h.open(h.ada)
    await page.getByRole('button', { name: 'This is another device of mine' }).click()
    await page.getByRole('button', { name: 'With recovery words' }).click()
    await page.getByLabel('Your 24 words').fill(WORDS)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByText('Which of these devices are lost?').waitFor()
    await page.getByRole('checkbox', { name: 'Old laptop' }).check()
    await check(h, page, `${name}-which-are-lost`)
    await page.getByRole('button', { name: 'Restore without 1 device' }).click()
    await page.getByText('1 lost device removed from 3 documents.').waitFor()
    expect(own.revoked).toEqual(['laptop'])
  })

  it('lists what was set aside, inserts and accepts it', async () => {
    const id = h.shared()
    const m = membershipOf(h.ada.node, id)
    m.aside.push({
      id: 'g',
      user: 'u',
      device: 'd',
      name: 'Charles Babbage',
      count: 2,
      at: Date.now() - 60_000,
      canAccept: true,
      entries: [
        { at: 0, text: 'A late thought.\n' },
        { at: 0, text: 'Another one.' },
      ],
    })
    m.withheld = { count: 12, from: [{ device: 'd', name: 'Charles Babbage', count: 12 }] }
    const page = await h.open(h.ada, `/d/${id}`)
    await page.getByRole('button', { name: '2 edits set aside' }).click()
    await page.getByText('A late thought.').waitFor()
    await check(h, page, `${name}-aside`)
    await page.getByRole('button', { name: 'Insert as my text' }).click()
    await parts.text(page).getByText('Another one.').waitFor()
    await page.getByRole('button', { name: 'Accept' }).click()
    await page.getByText('Nothing is set aside.').waitFor()
    await page.keyboard.press('Escape')
    await parts.status(page).click()
    await page.getByRole('button', { name: 'Who holds what' }).click()
    await page.getByText('12 edits exist that no one reachable delivers: 12 by Charles Babbage').waitFor()
    await check(h, page, `${name}-info`)
  })

  it('says what a reader, a guest and someone removed can do', async () => {
    const id = h.shared()
    const d = h.ada.node.must(id)
    d.role = 'commenter'
    const page = await h.open(h.ada, `/d/${id}`)
    await page.getByText('You can read and comment').waitFor()
    expect(await parts.text(page).getAttribute('contenteditable')).toBe('false')
    d.role = 'editor'
    d.waiting = true
    await page.reload()
    await page.getByText('You can write now. Others see it once a member answers.').waitFor()
    d.waiting = false
    d.forked = true
    await page.reload()
    await page.getByText('Another copy of this device’s key has written in this document.').waitFor()
    await check(h, page, `${name}-forked`)
    d.forked = false
    d.role = 'none'
    d.state = 'removed'
    await page.reload()
    await page.getByText('You are no longer a member of this document.').waitFor()
    await check(h, page, `${name}-removed`)
    d.left = true
    await page.reload()
    await page.getByText('You have left this document.').waitFor()
    expect(await page.getByText('You are no longer a member').count()).toBe(0)
    await check(h, page, `${name}-left`)
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Export as text' }).click()
    expect((await saved).suggestedFilename()).toBe('document.txt')
  })

  it('asks for the passphrase of a locked node', async () => {
    const page = await h.open(h.ada)
    const own = ownOf(h.ada.node)
    await page.getByRole('button', { name: 'Settings' }).click()
    await page.getByRole('menuitem', { name: 'Passphrase' }).click()
    await page.getByLabel('New passphrase').fill('open sesame')
    await page.getByLabel('Once more').fill('open sesame')
    await check(h, page, `${name}-passphrase`)
    await page.getByRole('button', { name: 'Set', exact: true }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(own.passphrase).toBe('open sesame')
    own.locked = true
    h.ada.node.emit({ type: 'lock', locked: true })
    await page.getByLabel('Passphrase').fill('wrong')
    await page.getByRole('button', { name: 'Unlock' }).click()
    await page.getByText('This is not the passphrase.').waitFor()
    await check(h, page, `${name}-locked`)
    await page.getByLabel('Passphrase').fill('open sesame')
    await page.getByRole('button', { name: 'Unlock' }).click()
    await page.getByRole('heading', { name: 'Documents' }).waitFor()
    h.expected = /404|423/
  })
}

describe('in light', () => dialogs('light', useHarness({ colorScheme: 'light', still: true })))

describe('on a phone, in dark', () =>
  dialogs('phone', useHarness({ colorScheme: 'dark', still: true, viewport: { width: 390, height: 780 } })))
