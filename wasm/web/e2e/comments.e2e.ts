import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { axe, parts, shownText, waitForText } from './browser'
import { useHarness, type Harness } from './harness'

const LINES = [
  'The Analytical Engine has no pretensions whatever to originate anything.',
  'It can do whatever we know how to order it to perform.',
  'It can follow analysis; but it has no power of anticipating any truths.',
  'Its province is to assist us in making available what we are acquainted with.',
]

async function write(page: Page, lines = LINES): Promise<void> {
  await parts.text(page).click()
  await page.keyboard.press('Control+Alt+1')
  await page.keyboard.insertText('On the engine')
  await page.keyboard.press('Enter')
  for (const [i, line] of lines.entries()) {
    if (i > 0) await page.keyboard.press('Enter')
    await page.keyboard.insertText(line)
  }
}

/** Selects words of the text, as a reader does with the mouse. */
async function select(page: Page, words: string): Promise<void> {
  await parts.text(page).evaluate((element, wanted) => {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const at = node.textContent?.indexOf(wanted) ?? -1
      if (at < 0) continue
      getSelection()!.setBaseAndExtent(node, at, node, at + wanted.length)
      return
    }
    throw new Error(`no ${wanted}`)
  }, words)
  await page.getByRole('button', { name: 'Comment on the selection' }).waitFor()
}

/**
 * Selects a line by the keyboard. A click on a passage also opens its comments,
 * which may draw the line anew between two keys that no hand presses as fast.
 */
async function selectLine(page: Page, start: string): Promise<void> {
  await expect
    .poll(
      async () => {
        await page.getByText(start).click()
        await page.keyboard.press('Home')
        await page.keyboard.press('Shift+End')
        return page.evaluate(() => String(getSelection()))
      },
      { timeout: 10_000 },
    )
    .toMatch(new RegExp(`^${start}.*with`))
}

async function comment(page: Page, words: string, text: string): Promise<void> {
  await select(page, words)
  await page.getByRole('button', { name: 'Comment on the selection' }).click()
  const field = page.getByRole('textbox', { name: 'Comment', exact: true })
  await field.fill(text)
  await page.keyboard.press('Control+Enter')
  await page.locator('.said-text').filter({ hasText: text }).first().waitFor()
  expect(await page.getByRole('button', { name: 'Comment on the selection' }).count()).toBe(0)
  await untilFocused(page, true)
}

/** Waits until keys go into the text, or elsewhere. */
async function untilFocused(page: Page, inText: boolean): Promise<void> {
  await expect.poll(() => parts.text(page).evaluate((e) => e.contains(document.activeElement))).toBe(inText)
}

/** What is highlighted, in the order of the text; a caret inside does not part it. */
function highlighted(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = []
    let last: Node | undefined
    for (const element of document.querySelectorAll('.commented')) {
      let before = element.previousSibling
      while (before instanceof Element && before.matches('.caret, img')) before = before.previousSibling
      const text = element.textContent ?? ''
      if (last !== undefined && before === last) found.push(`${found.pop()}${text}`)
      else found.push(text)
      last = element
    }
    return found
  })
}

async function untilHighlighted(page: Page, want: string[]): Promise<void> {
  await expect.poll(() => highlighted(page), { timeout: 10_000 }).toEqual(want)
}

/** Cards of the margin that overlap, and how far the first one is from its passage. */
function margin(page: Page): Promise<{ overlaps: number; tops: number[] }> {
  return page.evaluate(() => {
    const boxes = [...document.querySelectorAll('.rail .comment-card')]
      .map((c) => c.getBoundingClientRect())
      .sort((a, b) => a.top - b.top)
    return {
      overlaps: boxes.filter((b, i) => i > 0 && b.top < boxes[i - 1]!.bottom).length,
      tops: boxes.map((b) => b.top),
    }
  })
}

async function settled(page: Page): Promise<void> {
  await page.waitForTimeout(450)
}

async function pair(h: Harness, lines = LINES): Promise<[a: Page, b: Page, id: string]> {
  const id = h.shared()
  const a = await h.open(h.ada, `/d/${id}`)
  await write(a, lines)
  const b = await h.open(h.bob, `/d/${id}`)
  await waitForText(b, 'province')
  await a.bringToFront()
  return [a, b, id]
}

describe('comments', () => {
  const h = useHarness()

  it('begin, are answered, changed, resolved, reopened and deleted', async () => {
    const [a, b] = await pair(h)
    await comment(a, 'no pretensions', 'Too modest?')
    await untilHighlighted(b, ['no pretensions'])
    await b.bringToFront()
    const card = b.locator('.comment-card').filter({ hasText: 'Too modest?' })
    await card.click()
    await card.getByRole('textbox', { name: 'Reply' }).fill('Not at all, @Ad')
    await b.getByRole('option', { name: 'Ada Lovelace' }).click()
    await b.keyboard.press('Control+Enter')
    await card.locator('.said-text', { hasText: 'Not at all, @Ada Lovelace' }).waitFor() // the field may hold it too
    expect(await card.locator('.mention').textContent()).toBe('@Ada Lovelace')

    await a.bringToFront()
    const mine = a.locator('.comment-card').filter({ hasText: 'Too modest?' })
    await mine.getByText('Not at all').waitFor()
    await mine.getByRole('button', { name: 'More for this comment' }).first().click()
    await a.getByRole('menuitem', { name: 'Change' }).click()
    await a.getByRole('textbox', { name: 'Change the comment' }).fill('Is this too modest?')
    await a.getByRole('button', { name: 'Save' }).click()
    await b.getByText('Is this too modest?').waitFor()
    await b.getByText(/, edited/).waitFor()

    await a.getByRole('button', { name: 'Mark as resolved' }).click()
    await untilHighlighted(a, [])
    await untilHighlighted(b, [])
    await a.getByRole('button', { name: 'Comments', exact: true }).click()
    await a.getByText('Resolved (1)').click()
    await a.getByRole('button', { name: 'Reopen' }).click()
    await untilHighlighted(b, ['no pretensions'])
    await a.getByRole('button', { name: 'Close comments' }).click()

    await a.getByRole('button', { name: 'More for this comment' }).first().click()
    await a.getByRole('menuitem', { name: 'Delete' }).click()
    await a.locator('.comment-card').getByText('Deleted').waitFor()
    expect(await a.locator('.comment-card').getByText('Not at all').count()).toBe(1)
  })

  it('take no key and no focus when their code comes while somebody types', async () => {
    const [a, b, id] = await pair(h)
    await comment(a, 'no pretensions', 'Too modest?')
    await untilHighlighted(b, ['no pretensions'])
    let release = () => {}
    const held = new Promise<void>((go) => (release = go))
    const late = /\/late-[^/]+\.js$/
    await h.browser.context.route(late, (route) => held.then(() => route.continue()))
    const c = await h.open(h.bob, `/d/${id}`)
    await waitForText(c, 'province')
    await c.getByText('Its province').click()
    await c.keyboard.press('End')
    await c.keyboard.type(' abc')
    expect(await c.locator('.commented').count()).toBe(0)
    release()
    await c.keyboard.type('defghijklmnopqrstuvwxyz', { delay: 30 })
    await untilHighlighted(c, ['no pretensions'])
    await h.browser.context.unroute(late)
    await c.keyboard.type('!')
    expect(await shownText(c)).toBe(`On the engine\n${LINES.join('\n')} abcdefghijklmnopqrstuvwxyz!`)
  })

  it('keep their passage while the text around and in it changes, here and elsewhere', async () => {
    const [a, b] = await pair(h)
    await comment(a, 'whatever we know', 'All of it?')
    await untilHighlighted(b, ['whatever we know'])
    await a.getByText('The Analytical').click()
    await a.keyboard.press('Home')
    await a.keyboard.type('Note. ')
    await untilHighlighted(a, ['whatever we know'])
    await waitForText(b, 'Note. The')
    await untilHighlighted(b, ['whatever we know'])

    await b.bringToFront()
    await b.getByText('It can do').click()
    await b.keyboard.press('Home')
    for (let i = 0; i < 'It can do whatever'.length; i++) await b.keyboard.press('ArrowRight')
    await b.keyboard.type(' it is that')
    await waitForText(a, 'whatever it is that we know')
    await untilHighlighted(a, ['whatever it is that we know'])
    await untilHighlighted(b, ['whatever it is that we know'])

    // What is written right before and behind it is not part of it.
    await b.keyboard.press('Home')
    for (let i = 0; i < 'It can do '.length; i++) await b.keyboard.press('ArrowRight')
    await b.keyboard.type('just ')
    await waitForText(a, 'just whatever')
    await untilHighlighted(a, ['whatever it is that we know'])
    await untilHighlighted(b, ['whatever it is that we know'])

    // A new page finds it by the anchor alone.
    await a.reload()
    await untilHighlighted(a, ['whatever it is that we know'])

    await b.keyboard.press('Home')
    await b.keyboard.press('Shift+End')
    await b.keyboard.press('Delete')
    await untilHighlighted(a, [])
    await a.locator('.rail').getByText('This text is no longer in the document.').waitFor()
    expect(await a.locator('.rail .comment-quote').textContent()).toBe('whatever we know')
    // What an undo puts back is found by its words, where they are the same.
    await comment(a, 'acquainted with', 'With what?')
    await untilHighlighted(b, ['acquainted with'])
    await selectLine(b, 'Its province')
    await b.keyboard.press('Delete')
    await untilHighlighted(a, [])
    await b.keyboard.press('Control+Z')
    await untilHighlighted(b, ['acquainted with'])
    await untilHighlighted(a, ['acquainted with'])
  })

  it('stand beside their passages and never overlap', async () => {
    const [a] = await pair(
      h,
      LINES.flatMap((line) => [line, '', '']),
    )
    await comment(
      a,
      'originate anything',
      'First, with a text that takes some lines of its card to be read in full.',
    )
    await comment(a, 'whatever we know', 'Second')
    await comment(a, 'anticipating', 'Third')
    await comment(a, 'province', 'Fourth')
    await settled(a)
    expect((await margin(a)).overlaps).toBe(0)
    for (const words of ['province', 'anticipating', 'originate anything']) {
      await a.locator('.commented', { hasText: words }).click()
      await settled(a)
      const passage = (await a.locator('.commented-active').boundingBox())!
      const card = (await a.locator('.comment-card[data-active]').boundingBox())!
      expect(Math.abs(card.y - passage.y), words).toBeLessThan(90)
      expect((await margin(a)).overlaps).toBe(0)
    }
    await h.shot(a, 'comments-margin')
  })

  it('are reached by keys alone', async () => {
    const [a] = await pair(h)
    await parts.text(a).focus()
    await a.keyboard.press('Control+Home')
    await a.waitForTimeout(100) // a person is no faster than the caret
    await a.keyboard.press('Control+Alt+m') // the word the caret stands in
    await a.getByRole('textbox', { name: 'Comment', exact: true }).waitFor()
    await a.keyboard.type('Why "the"?')
    await a.keyboard.press('Control+Enter')
    await untilHighlighted(a, ['On'])
    await untilFocused(a, true)
    await a.keyboard.press('Control+Home')
    await a.waitForTimeout(100)
    await a.keyboard.press('Control+Alt+m') // now there is a thread: to its card
    await untilFocused(a, false)
    await a.keyboard.type('Because.')
    await a.keyboard.press('Control+Enter')
    await a.locator('.said-text', { hasText: 'Because.' }).waitFor()
    await a.keyboard.press('Escape')
    await untilFocused(a, true)
    await a.keyboard.type('X')
    await waitForText(a, 'XOn the engine')
  })

  it('are all that a commenter makes', async () => {
    const [a, , id] = await pair(h)
    h.bob.node.must(id).role = 'commenter'
    const c = await h.open(h.bob, `/d/${id}`)
    await waitForText(c, 'province')
    expect(await parts.text(c).getAttribute('contenteditable')).toBe('false')
    expect(await parts.tool(c, 'Bold').isDisabled()).toBe(true)
    await comment(c, 'province', 'A commenter says')
    await c.getByText('The Analytical').click()
    await c.keyboard.type('nothing')
    await untilHighlighted(a, ['province'])
    expect(await c.getByText('nothing').count()).toBe(0)

    await comment(a, 'originate', 'An owner says')
    const others = c.locator('.comment-card').filter({ hasText: 'An owner says' })
    await others.waitFor()
    expect(await others.getByRole('button', { name: 'More for this comment' }).count()).toBe(0)
    await h.shot(c, 'comments-commenter')

    h.bob.node.must(id).role = 'viewer'
    const v = await h.open(h.bob, `/d/${id}`)
    await untilHighlighted(v, ['originate', 'province'])
    await v.locator('.commented', { hasText: 'province' }).click()
    expect(await v.getByRole('textbox', { name: 'Reply' }).count()).toBe(0)
    expect(await v.getByRole('button', { name: 'Mark as resolved' }).count()).toBe(0)
  })

  it('go on in a sheet when the window becomes narrow', async () => {
    const [a] = await pair(h)
    await select(a, 'province')
    await a.keyboard.press('Control+Alt+m')
    await a.getByRole('textbox', { name: 'Comment', exact: true }).fill('Half a')
    await a.setViewportSize({ width: 390, height: 780 })
    const field = a.locator('.comments-panel').getByRole('textbox', { name: 'Comment', exact: true })
    await expect.poll(() => field.inputValue()).toBe('Half a')
    await field.fill('Half a thought')
    await a.keyboard.press('Control+Enter')
    await a.locator('.comments-panel .said-text', { hasText: 'Half a thought' }).waitFor()
  })

  it('keep what is being written when the node is away', async () => {
    const [a] = await pair(h)
    await select(a, 'province')
    await a.keyboard.press('Control+Alt+m')
    h.expected = /WebSocket|Failed to|ERR_/
    await h.ada.stop()
    await a.getByRole('textbox', { name: 'Comment', exact: true }).fill('Kept')
    await a.getByRole('button', { name: 'Comment', exact: true }).last().click()
    await a
      .getByRole('alert')
      .getByText(/cannot reach/)
      .waitFor()
    await h.ada.start()
    expect(await a.getByRole('textbox', { name: 'Comment', exact: true }).inputValue()).toBe('Kept')
    await a.getByRole('button', { name: 'Comment', exact: true }).last().click()
    await a.locator('.said-text', { hasText: 'Kept' }).waitFor()
  })
})

for (const scheme of ['light', 'dark'] as const) {
  describe(`comments in ${scheme}`, () => {
    const h = useHarness({ colorScheme: scheme, still: true })
    it('are clean to axe', async () => {
      const [a, b] = await pair(h)
      await comment(a, 'originate anything', 'Is that so?')
      await comment(a, 'order it to perform', 'By cards?')
      await b.bringToFront()
      await comment(b, 'anticipating any truths', 'A long answer is needed here. '.repeat(6))
      await a.bringToFront()
      await a.locator('.commented', { hasText: 'order it' }).click()
      await a.locator('.comment-card[data-active]').getByRole('textbox').fill('Both of them, I think.')
      await settled(a)
      await h.shot(a, `comments-${scheme}`)
      const found = await axe(a)
      await a.getByRole('button', { name: /^Comments/ }).click()
      await settled(a)
      await h.shot(a, `comments-panel-${scheme}`)
      expect([...found, ...(await axe(a))]).toEqual([])
    })
  })
}

describe('comments on a phone', () => {
  const h = useHarness({ still: true, viewport: { width: 390, height: 780 } })
  it('come in a sheet from below', async () => {
    const [a] = await pair(h)
    await comment(a, 'originate anything', 'Is that so?')
    await settled(a)
    await h.shot(a, 'comments-phone')
    expect(await a.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)).toBe(false)
    expect(await axe(a)).toEqual([])
    await a.getByRole('button', { name: 'Close comments' }).click()
    await a.locator('.commented').click()
    await a.locator('.comments-panel .comment-card[data-active]').waitFor()
  })
})
