/** What becomes of the text when a node is locked, or this device removed, in between. */
import { describe, expect, it } from 'vitest'
import { axe, parts, shownText, waitForStatus, waitForText } from './browser'
import { ownOf } from './devsharing'
import { useHarness } from './harness'

const h = useHarness({ still: true })

describe('a node that is locked while somebody writes', () => {
  it('hides text and open dialogs, and loses nothing that was not stored', async () => {
    const { id } = h.ada.node.create('Secrets')
    const page = await h.open(h.ada, `/d/${id}`)
    await parts.text(page).click()
    await page.keyboard.type('stored. ')
    await waitForStatus(page, 'On this device')
    h.ada.node.fsyncMs = 60_000
    await page.keyboard.type('not stored.')
    await page.getByRole('button', { name: 'Share' }).click()
    await page.getByRole('heading', { name: 'Share' }).waitFor()
    const own = ownOf(h.ada.node)
    own.passphrase = 'open sesame'
    own.locked = true
    h.expected = /404|423/
    h.ada.node.crash()
    h.ada.node.emit({ type: 'lock', locked: true })
    await page.getByRole('heading', { name: 'Sheaf is locked' }).waitFor()
    await expect.poll(() => parts.text(page).isVisible()).toBe(false)
    expect(await page.getByRole('heading', { name: 'Share' }).isVisible()).toBe(false)
    await page.keyboard.press('Escape')
    expect(await axe(page)).toEqual([])
    await h.shot(page, 'states-locked')

    h.ada.node.fsyncMs = 0
    await page.getByLabel('Passphrase', { exact: true }).fill('open sesame')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Share' }).waitFor()
    await page.keyboard.press('Escape')
    await waitForStatus(page, 'On this device')
    expect(await shownText(page)).toBe('stored. not stored.')
    expect(h.ada.node.text(id)).toContain('stored. not stored.')
  })
})

describe('a node that is away when a dialog is opened for the first time', () => {
  it('says so, and leaves text and edits alone', async () => {
    const { id } = h.ada.node.create('Kept')
    const page = await h.open(h.ada, `/d/${id}`)
    await parts.text(page).click()
    await page.keyboard.type('Before. ')
    await waitForStatus(page, 'On this device')
    h.expected = /WebSocket|ERR_|Failed to (fetch|load)/
    await h.ada.stop()
    await page.keyboard.type('While away.')
    await page.getByRole('button', { name: 'Share' }).click()
    await page.getByText('This part of the page could not be fetched').waitFor()
    expect(await shownText(page)).toBe('Before. While away.')
    await h.ada.start()
    await waitForStatus(page, 'On this device')
    expect(h.ada.node.text(id)).toContain('Before. While away.')
    await page.getByRole('button', { name: 'Share' }).click()
    await page.getByRole('heading', { name: 'Share' }).waitFor()
  })
})

describe('a device that was removed', () => {
  it('copies the document into one of its own', async () => {
    const id = h.shared('Common plan')
    const page = await h.open(h.bob, `/d/${id}`)
    await parts.text(page).click()
    await page.keyboard.type('# Heading')
    await page.keyboard.press('Enter')
    await page.keyboard.type('What I want to keep.')
    await waitForStatus(page, 'On 1 other device')
    const d = h.bob.node.must(id)
    d.state = 'removed'
    d.role = 'none'
    h.bob.node.hangUp()
    h.bob.node.emit({ type: 'document', document: h.bob.node.info(d) })
    await page.getByText('You are no longer a member').waitFor()
    await expect.poll(() => parts.text(page).getAttribute('contenteditable')).toBe('false')
    expect(await shownText(page)).toBe('Heading\nWhat I want to keep.')
    expect(await axe(page)).toEqual([])
    await h.shot(page, 'states-removed')

    await page.getByRole('button', { name: 'Copy into a new document' }).click()
    await page.waitForURL((url) => url.pathname.startsWith('/d/') && !url.pathname.includes(id))
    await waitForText(page, 'What I want to keep.')
    const copy = new URL(page.url()).pathname.split('/').pop()!
    await expect
      .poll(() => h.bob.node.text(copy))
      .toBe('<heading level="1">Heading</heading><paragraph>What I want to keep.</paragraph>')
    expect(await page.getByRole('heading', { name: 'Heading', level: 1 }).count()).toBe(1)
    await parts.text(page).click()
    await page.keyboard.press('Control+End')
    await page.keyboard.type(' And more.')
    await waitForText(page, 'What I want to keep. And more.')
    expect(await parts.title(page).inputValue()).toBe('Common plan (my copy)')
  })
})
