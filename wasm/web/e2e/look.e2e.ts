import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { axe, openBrowser, parts, waitForStatus } from './browser'
import { Harness, useHarness } from './harness'

/** A document that looks like somebody's work. */
async function write(page: Page): Promise<void> {
  await parts.text(page).click()
  await parts.text(page).evaluate((element) => {
    const data = new DataTransfer()
    data.setData(
      'text/html',
      `<h1>Notes on the engine</h1>
      <p>The Analytical Engine has no pretensions whatever to <em>originate</em> anything. It can do <strong>whatever we know how to order it</strong> to perform; see <a href="https://example.org/notes">the notes</a>.</p>
      <h2>What to build first</h2>
      <ul><li><p>The mill, where numbers are brought together</p></li><li><p>The store, with <code>1000</code> columns</p></li></ul>
      <ul data-type="taskList"><li data-type="taskItem" data-checked="true"><div><p>Draw the cards</p></div></li><li data-type="taskItem" data-checked="false"><div><p>Find a punch</p></div></li></ul>
      <blockquote><p>We may say most aptly that it weaves algebraical patterns.</p></blockquote>
      <pre><code class="language-python">def engine(cards):
    # one card after the other
    for n, card in enumerate(cards):
        yield "mill", card ** 2</code></pre>
      <table><tbody><tr><th><p>Part</p></th><th><p>Columns</p></th></tr><tr><td><p>Mill</p></td><td><p>50</p></td></tr></tbody></table>
      <p>The last line.</p>`,
    )
    element.dispatchEvent(
      new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }),
    )
  })
  await page.locator('.hljs-keyword').first().waitFor()
}

async function look(h: Harness, scheme: 'light' | 'dark', name: string): Promise<void> {
  const found: string[] = []
  const check = async (page: Page, what: string) => {
    found.push(...(await axe(page)).map((f) => `${scheme}, ${what}: ${f}`))
    await h.shot(page, `${name}-${what}`)
  }
  const id = h.shared()
  h.ada.node.create('Letters to Charles')
  h.ada.node.create('')
  h.bob.node.setOffline(true)
  const away = h.ada.node.create('Old plans')
  h.ada.node.trash(away.id, true)
  h.bob.node.setOffline(false)

  const a = await h.open(h.ada, `/d/${id}`)
  await write(a)
  const b = await h.open(h.bob, `/d/${id}`)
  await b.getByText('The last line.').click()
  await b.keyboard.press('End')
  await b.keyboard.type(' Bob was here.')
  await a.bringToFront()
  await a.getByText('weaves algebraical').click()
  await waitForStatus(a, 'On 1 other device')
  await b.keyboard.press('Shift+Home')
  await a.locator('.caret[data-awake]').waitFor()
  await check(a, 'editor')

  await parts.status(a).click()
  await a.getByRole('heading', { name: 'Where this document is' }).waitFor()
  await check(a, 'places')
  await a.getByRole('switch', { name: /Work offline/ }).click()
  await waitForStatus(a, 'Offline: kept here')
  await check(a, 'offline')
  await a.getByRole('switch', { name: /Work offline/ }).click()
  await a.keyboard.press('Escape')

  await a.getByRole('button', { name: 'Share' }).click()
  await a.getByRole('button', { name: 'Copy Link' }).waitFor()
  await check(a, 'share')
  await a.keyboard.press('Escape')
  await a.getByRole('button', { name: 'Settings' }).click()
  await check(a, 'menu')
  await a.keyboard.press('Escape')

  await a.getByText('card **').click()
  await a.getByRole('button', { name: /Language of the code/ }).waitFor()
  await check(a, 'code')
  await a.getByText('the notes').click()
  await a.getByRole('button', { name: 'Change link' }).waitFor()
  await check(a, 'link')

  await a.goto(h.ada.origin)
  await a.getByRole('link', { name: /Notes on the engine/ }).waitFor()
  await check(a, 'list')
  await a.getByRole('button', { name: 'Join', exact: true }).click()
  await check(a, 'join')
  await a.keyboard.press('Escape')
  await a.getByRole('button', { name: 'More for Letters to Charles' }).click()
  await a.getByRole('menuitem', { name: 'Move to trash' }).click()
  await a.getByRole('button', { name: 'Undo' }).waitFor()
  await check(a, 'toast')
  await a.goto(`${h.ada.origin}/trash`)
  await a.getByRole('link', { name: /Old plans/ }).waitFor()
  await check(a, 'trash')
  expect(found).toEqual([])
}

describe('in light', () => {
  const h = useHarness({ colorScheme: 'light', still: true })
  it('is clean to axe', () => look(h, 'light', 'light'))
})

describe('in dark', () => {
  const h = useHarness({ colorScheme: 'dark', still: true })
  it('is clean to axe', () => look(h, 'dark', 'dark'))
})

describe('on a phone', () => {
  const h = useHarness({ still: true, viewport: { width: 390, height: 780 } })
  it('fits, has every tool, and is clean to axe', async () => {
    const id = h.shared()
    const page = await h.open(h.ada, `/d/${id}`)
    await write(page)
    const wide = () => page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)
    expect(await wide()).toBe(false)
    const found = await axe(page)
    await h.shot(page, 'phone-editor')
    await page.getByRole('button', { name: 'More tools' }).click()
    await page.getByRole('menuitem', { name: 'Task list' }).waitFor()
    await h.shot(page, 'phone-more')
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Share' }).click()
    await page.getByRole('button', { name: 'Copy Link' }).waitFor()
    await h.shot(page, 'phone-share')
    await page.keyboard.press('Escape')
    await page.goto(h.ada.origin)
    await page.getByRole('link', { name: /Notes on the engine/ }).waitFor()
    expect(await wide()).toBe(false)
    await h.shot(page, 'phone-list')
    expect([...found, ...(await axe(page))]).toEqual([])
  })
})

describe('the theme', () => {
  it('may be chosen against the system, and is kept', async () => {
    const h = new Harness()
    h.browser = await openBrowser({ colorScheme: 'light' })
    try {
      await h.begin()
      const page = await h.open(h.ada)
      const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
      const light = await ground()
      await page.getByRole('button', { name: 'Settings' }).click()
      await page.getByRole('menuitemradio', { name: 'Dark' }).click()
      await page.keyboard.press('Escape')
      const dark = await ground()
      expect(dark).not.toBe(light)
      await page.reload()
      expect(await ground()).toBe(dark)
      await h.end()
    } finally {
      await h.browser.close()
    }
  })
})
