import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parts, waitForText } from '../browser'
import { CONNECTION, leave, Person, shot } from './people'

/** Asks the page's node, as the page itself does. */
function ask<T>(page: Page, method: string, request: object): Promise<T> {
  return page.evaluate(
    async ([m, r]) => {
      const response = await fetch(`/api/${m as string}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(r),
      })
      return (await response.json()) as never
    },
    [method, request],
  )
}

async function comment(page: Page, words: string, text: string): Promise<void> {
  await page.getByText(words).first().click({ clickCount: 3 })
  await page.getByRole('button', { name: 'Comment on the selection' }).click()
  await page.getByRole('textbox', { name: 'Comment', exact: true }).fill(text)
  await page.keyboard.press('Control+Enter')
  await page.locator('.said-text', { hasText: text }).waitFor()
}

describe('an owner and a commenter, with a node and a Chromium each', () => {
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

  it('the commenter joins by a link and is offered comments only', async () => {
    await a.getByRole('button', { name: 'New document' }).first().click()
    await parts.text(a).click()
    await a.keyboard.type('It weaves algebraical patterns.')
    await a.keyboard.press('Enter')
    await a.keyboard.type('It has no power of anticipating any truths.')
    id = new URL(a.url()).pathname.split('/').pop()!
    const { link } = await ask<{ link: string }>(a, 'links.create', {
      id,
      role: 'commenter',
      label: '',
      expiresAt: 0,
      maxUses: 0,
    })
    await ask(b, 'documents.join', { link })
    await b.goto(`${bob.daemon.origin}/d/${id}`)
    await waitForText(b, 'anticipating')
    expect(await parts.text(b).getAttribute('contenteditable')).toBe('false')
    await comment(b, 'It weaves', 'Like the loom?')
    await shot(b, 'real-commenter')
    await a.locator('.commented', { hasText: 'It weaves algebraical patterns.' }).waitFor()
    const card = a.locator('.comment-card', { hasText: 'Like the loom?' })
    await card.getByText('Bob Noyce').waitFor()
    await card.click()
    await card.getByRole('textbox', { name: 'Reply' }).fill('Just like it.')
    await a.keyboard.press('Control+Enter')
    await b.locator('.said-text', { hasText: 'Just like it.' }).waitFor()
    await shot(a, 'real-comments')
  })

  it('what was said is there after a restart, and goes on', async () => {
    ada.expected = bob.expected = CONNECTION
    await bob.daemon.kill()
    await bob.daemon.start()
    await b.goto(`${bob.daemon.origin}/d/${id}`)
    const card = b.locator('.comment-card', { hasText: 'Like the loom?' })
    await card.getByText('Just like it.').waitFor()
    await card.getByText('Ada Lovelace').waitFor()
    await card.click()
    await card.getByRole('textbox', { name: 'Reply' }).fill('Thank you.')
    await b.keyboard.press('Control+Enter')
    const mine = a.locator('.comment-card', { hasText: 'Like the loom?' })
    await mine.getByText('Thank you.').waitFor({ timeout: 30_000 })
    await mine.getByRole('button', { name: 'Mark as resolved' }).click()
    await b.locator('.commented').waitFor({ state: 'detached' })
  })
})
