import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { parts, shownText, waitForStatus, waitForText } from './browser'
import { useHarness } from './harness'

const h = useHarness()

/** Waits until a closed menu has given the focus back to the text: no person types sooner. */
async function focusBack(page: Page): Promise<void> {
  await expect.poll(() => parts.text(page).evaluate((text) => text === document.activeElement)).toBe(true)
}

describe('the list', () => {
  it('creates, renames, trashes with undo, and takes out of the trash', async () => {
    const page = await h.open(h.ada)
    await page.getByRole('heading', { name: 'Write the first document' }).waitFor()
    h.ada.node.create('Minutes')
    await page.getByRole('link', { name: /Minutes/ }).waitFor()
    await page.getByRole('button', { name: 'More for Minutes' }).click()
    await page.getByRole('menuitem', { name: 'Rename' }).click()
    await page.getByRole('textbox', { name: 'Title' }).fill('Minutes of May')
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: /Minutes of May/ }).waitFor()
    expect(h.ada.node.list()[0]!.title).toBe('Minutes of May')

    const toTrash = async () => {
      await page.getByRole('button', { name: 'More for Minutes of May' }).click()
      await page.getByRole('menuitem', { name: 'Move to trash' }).click()
      await page.getByRole('heading', { name: 'Write the first document' }).waitFor()
    }
    await toTrash()
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByRole('link', { name: /Minutes of May/ }).waitFor()
    await toTrash()
    await page.getByRole('link', { name: 'Trash (1)' }).click()
    await page.getByRole('button', { name: 'More for Minutes of May' }).click()
    await page.getByRole('menuitem', { name: 'Take out of the trash' }).click()
    await page.getByRole('heading', { name: 'The trash is empty' }).waitFor()
    await page.getByRole('link', { name: 'Back to documents' }).click()
    await page.getByRole('link', { name: /Minutes of May/ }).waitFor()
  })

  it('joins by a pasted link, and by an address whose secret it takes away at once', async () => {
    const { id } = h.ada.node.create('Shared plan')
    const page = await h.open(h.bob)
    await page.getByRole('button', { name: 'Join', exact: true }).click()
    await page.getByRole('textbox', { name: 'Link' }).fill('https://example.org/nothing')
    await page.keyboard.press('Enter')
    await page.getByText('This is not a link to a document').waitFor()
    await page.getByRole('textbox', { name: 'Link' }).fill(`sheaf://join#v1.${id}`)
    await page.keyboard.press('Enter')
    await page.waitForURL(`**/d/${id}`)
    await waitForStatus(page, 'On 1 other device')

    const { id: second } = h.ada.node.create('Second plan')
    await page.goto('about:blank')
    await page.goto(`${h.bob.origin}/#v1.${second}`)
    await page.waitForURL(`**/d/${second}`)
    expect(page.url()).not.toContain('#')
    await page.goBack()
    expect(page.url()).not.toContain('v1.')
  })

  it('waits for a member when nobody is there, and opens by itself', async () => {
    const { id } = h.ada.node.create('Far away')
    h.ada.node.setOffline(true)
    const page = await h.open(h.bob)
    h.bob.node.join(id)
    await page.goto(`${h.bob.origin}/d/${id}`)
    await page.getByRole('heading', { name: /Waiting for someone/ }).waitFor()
    h.ada.node.setOffline(false)
    await parts.text(page).click()
    await page.keyboard.type('Here at last')
    await waitForStatus(page, 'On 1 other device')
    expect(h.ada.node.text(id)).toContain('Here at last')
  })

  it('keeps a name and shows it to others', async () => {
    const id = h.shared()
    const page = await h.open(h.ada)
    await page.getByRole('button', { name: 'Settings' }).click()
    await page.getByRole('menuitem', { name: 'Ada Lovelace' }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('Countess Ada')
    await page.keyboard.press('Enter')
    await page.goto(`${h.ada.origin}/d/${id}`)
    await parts.text(page).waitFor()
    const other = await h.open(h.bob, `/d/${id}`)
    await other.getByRole('button', { name: 'Go to Countess Ada' }).waitFor()
  })
})

describe('the editor', () => {
  it('opens a new document, takes typing, and says where it is', async () => {
    const page = await h.open(h.ada)
    await page.getByRole('button', { name: 'New document' }).first().click()
    await parts.text(page).click()
    await page.keyboard.type('Hello, world.')
    await waitForStatus(page, 'On this device')
    expect(await shownText(page)).toBe('Hello, world.')
    await parts.title(page).fill('First')
    await waitForStatus(page, 'On this device')
    expect(await page.title()).toBe('First – Sheaf')
    expect(h.ada.node.list()[0]!.title).toBe('First')
    await page.reload()
    await page.getByText('Hello, world.').waitFor()
    expect(await parts.title(page).inputValue()).toBe('First')
  })

  it('has each kind of text', async () => {
    const { id } = h.ada.node.create('Kinds')
    const page = await h.open(h.ada, `/d/${id}`)
    await parts.text(page).click()
    const keys = page.keyboard
    const tool = (name: string) => parts.tool(page, name).click()

    await page.getByRole('button', { name: /Kind of paragraph/ }).click()
    await page.getByRole('menuitemradio', { name: /Heading 1/ }).click()
    await focusBack(page)
    await keys.type('Title')
    await keys.press('Enter')
    await tool('Bold')
    await keys.type('bold')
    await tool('Bold')
    await keys.press('Control+i')
    await keys.type('italic')
    await keys.press('Control+i')
    await tool('Strikethrough')
    await keys.type('struck')
    await tool('Strikethrough')
    await tool('Inline code')
    await keys.type('code')
    await tool('Inline code')
    await keys.press('Enter')
    await tool('Bulleted list')
    await keys.type('point')
    await keys.press('Enter')
    await keys.press('Enter')
    await tool('Numbered list')
    await keys.type('number')
    await keys.press('Enter')
    await keys.press('Enter')
    await tool('Task list')
    await keys.type('task')
    await page.getByRole('checkbox', { name: 'To do: task' }).check()
    await keys.press('Enter')
    await keys.press('Enter')
    await tool('Quote')
    await keys.type('quoted')
    await keys.press('Enter')
    await keys.press('Enter')
    await tool('Code block')
    await keys.type('const answer = 42')
    await page.getByRole('button', { name: /Language of the code/ }).click()
    await page.getByRole('menuitemradio', { name: 'TypeScript' }).click()
    await page.locator('.hljs-keyword', { hasText: 'const' }).waitFor()
    await keys.press('Control+Enter')
    await waitForStatus(page, 'On this device')
    const xml = h.ada.node.text(id)
    for (const part of [
      '<heading level="1">Title</heading>',
      '<bold>bold</bold>',
      '<italic>italic</italic>',
      '<strike>struck</strike>',
      '<code>code</code>',
      '<bulletlist><listitem><paragraph>point</paragraph></listitem></bulletlist>',
      '<orderedlist start="1"><listitem><paragraph>number</paragraph></listitem></orderedlist>',
      '<taskitem checked="true"><paragraph>task</paragraph></taskitem>',
      '<blockquote><paragraph>quoted</paragraph></blockquote>',
      '<codeblock language="typescript">const answer = 42</codeblock>',
    ]) {
      expect(xml).toContain(part)
    }
  })

  it('makes, changes and removes links; dangerous ones are refused', async () => {
    const { id } = h.ada.node.create('Links')
    const page = await h.open(h.ada, `/d/${id}`)
    await parts.text(page).click()
    await page.keyboard.type('see here')
    await page.keyboard.press('Control+Shift+ArrowLeft')
    await page.keyboard.press('Control+k')
    await page.getByRole('textbox', { name: 'Address' }).fill('javascript:alert(1)')
    await page.keyboard.press('Enter')
    await page.getByText('Links may go to').waitFor()
    await page.getByRole('textbox', { name: 'Address' }).fill('example.org/a')
    await page.keyboard.press('Enter')
    const link = parts.text(page).getByRole('link', { name: 'here' })
    await link.waitFor()
    expect(await link.getAttribute('href')).toBe('https://example.org/a')
    await page.keyboard.press('ArrowLeft')
    await page.getByRole('button', { name: 'Remove link' }).click()
    await link.waitFor({ state: 'detached' })
    expect(await shownText(page)).toBe('see here')
  })

  it('edits tables', async () => {
    const { id } = h.ada.node.create('Tables')
    const page = await h.open(h.ada, `/d/${id}`)
    await parts.text(page).click()
    await parts.tool(page, 'Insert table').click()
    const rows = page.locator('.prose tr')
    await rows.nth(2).waitFor()
    await page.keyboard.type('one')
    await page.keyboard.press('Tab')
    await page.keyboard.type('two')
    const command = async (name: string) => {
      await page.getByRole('button', { name: 'Table', exact: true }).click()
      await page.getByRole('menuitem', { name }).click()
    }
    await command('Add row below')
    await rows.nth(3).waitFor()
    await command('Add column to the right')
    expect(await rows.first().locator('th').count()).toBe(4)
    await command('Delete column')
    await command('Delete row')
    expect(await rows.count()).toBe(3)
    await waitForStatus(page, 'On this device')
    expect(h.ada.node.text(id)).toContain('<table>')
  })

  it('undoes own edits only', async () => {
    const id = h.shared()
    const a = await h.open(h.ada, `/d/${id}`)
    const b = await h.open(h.bob, `/d/${id}`)
    await parts.text(a).click()
    await a.keyboard.type('mine')
    await waitForText(b, 'mine')
    await parts.text(b).click()
    await b.keyboard.press('End')
    await b.keyboard.type(' theirs')
    await waitForText(a, 'mine theirs')
    await a.bringToFront()
    await parts.tool(a, 'Undo').click()
    await expect.poll(async () => (await shownText(b)).trim()).toBe('theirs')
    await parts.tool(a, 'Redo').click()
    await waitForText(b, 'mine')
  })

  it('applies a key to what is selected, also when the browser has not said so yet', async () => {
    const { id } = h.ada.node.create('Fast hands')
    const page = await h.open(h.ada, `/d/${id}`)
    await parts.text(page).click()
    await page.keyboard.type('first')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Enter')
    await page.keyboard.type('last')
    await page.evaluate(() => {
      // As on a busy machine, where the next key comes before news of the selection.
      const silence = (event: Event) => event.stopImmediatePropagation()
      addEventListener('keydown', ({ key }) => {
        if (key === 'Home') addEventListener('selectionchange', silence, true)
        if (key === 'Delete') removeEventListener('selectionchange', silence, true)
      })
    })
    const deleteLine = async () => {
      await page.keyboard.press('Home')
      await page.keyboard.press('Shift+End')
      await page.keyboard.press('Delete')
    }
    await deleteLine() // the caret was at the end, where there is nothing to delete
    expect(await shownText(page)).toBe('first\n\n')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.type('!') // by now the caret is known to be here
    expect(await shownText(page)).toContain('!')
    await deleteLine()
    expect(await shownText(page)).toBe('\n\n')
  })

  it('cleans what is pasted', async () => {
    const { id } = h.ada.node.create('Paste')
    const page = await h.open(h.ada, `/d/${id}`)
    await parts.text(page).click()
    await parts.text(page).evaluate((element) => {
      const data = new DataTransfer()
      data.setData(
        'text/html',
        `<style>p{color:red}</style><p style="color:red;font-weight:bold" onclick="alert(1)">Kept<img src=x onerror="window.hit=1">
         <script>window.hit=1</` +
          `script><a href="javascript:alert(1)">bad</a> <a href="https://example.org/">good</a></p>
         <iframe srcdoc="<script>parent.hit=1</` +
          `script>"></iframe><svg onload="window.hit=1"></svg><h2>Head</h2><ul><li>item</li></ul>`,
      )
      element.dispatchEvent(
        new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }),
      )
    })
    await page.getByRole('heading', { name: 'Head' }).waitFor()
    expect(await page.evaluate(() => (window as unknown as { hit?: number }).hit)).toBeUndefined()
    await waitForStatus(page, 'On this device')
    const xml = h.ada.node.text(id)
    expect(xml).toContain('<bold>Kept')
    expect(xml).toContain('https://example.org/')
    expect(xml).not.toMatch(/javascript|script|onerror|iframe|svg/i)
  })
})

describe('two people', () => {
  it('type at once in one paragraph and in different ones; carets show', async () => {
    const id = h.shared()
    const a = await h.open(h.ada, `/d/${id}`)
    const b = await h.open(h.bob, `/d/${id}`)
    await parts.text(a).click()
    await a.keyboard.type('start ')
    await waitForText(b, 'start')
    await parts.text(b).click()
    await b.keyboard.press('End')
    await b.keyboard.type('end')
    await waitForText(a, 'start end')
    await a.keyboard.press('Home')
    const first = 'The Analytical Engine weaves algebraical patterns. '
    const second = ', just as the loom weaves flowers and leaves'
    await Promise.all([a.keyboard.type(first, { delay: 5 }), b.keyboard.type(second, { delay: 5 })])
    const whole = `${first}start end${second}`
    await Promise.all([waitForText(a, whole), waitForText(b, whole)])
    await b.keyboard.press('Enter')
    await Promise.all([
      a.keyboard.type('Left. ', { delay: 5 }),
      b.keyboard.type('A paragraph of its own.', { delay: 5 }),
    ])
    await waitForText(a, 'A paragraph of its own.')
    await waitForStatus(a, 'On 1 other device')
    await waitForStatus(b, 'On 1 other device')
    expect(await shownText(a)).toBe(await shownText(b))
    expect(h.ada.node.text(id)).toBe(h.bob.node.text(id))
    expect(await parts.carets(b).textContent()).toContain('Ada Lovelace')
    await a.getByRole('button', { name: 'Go to Bob Noyce' }).waitFor()
    expect(await a.locator('.caret[data-awake]').count()).toBeLessThanOrEqual(1)
    await a.locator('.caret[data-awake]').waitFor({ state: 'detached', timeout: 4_000 })
  })

  it('write offline and come together again', async () => {
    const id = h.shared()
    const a = await h.open(h.ada, `/d/${id}`)
    const b = await h.open(h.bob, `/d/${id}`)
    await parts.text(a).click()
    await a.keyboard.type('both')
    await waitForText(b, 'both')
    await parts.status(b).click()
    await b.getByRole('switch', { name: /Work offline/ }).click()
    await b.keyboard.press('Escape')
    await waitForStatus(b, 'Offline: kept here')
    await parts.text(b).click()
    await b.keyboard.press('End')
    await b.keyboard.type(' offline')
    await waitForStatus(b, 'Offline: kept here')
    await a.keyboard.type(' online')
    await waitForStatus(a, 'On this device')
    await parts.status(b).click()
    await b.getByRole('switch', { name: /Work offline/ }).click()
    await waitForText(a, 'offline')
    await waitForText(b, 'online')
    await waitForStatus(a, 'On 1 other device')
    await waitForStatus(b, 'On 1 other device')
    expect(await shownText(a)).toBe(await shownText(b))
  })

  it('may be two tabs of one person', async () => {
    const { id } = h.ada.node.create('Tabs')
    const a = await h.open(h.ada, `/d/${id}`)
    await parts.text(a).click()
    await a.keyboard.type('x')
    const b = await h.open(h.ada, `/d/${id}`)
    await waitForText(b, 'x')
    await parts.text(b).click()
    await b.keyboard.press('End')
    await Promise.all([a.keyboard.type('a'.repeat(60)), b.keyboard.type('b'.repeat(60))])
    for (const page of [a, b]) {
      await waitForText(page, 'a'.repeat(60))
      await waitForText(page, 'b'.repeat(60))
    }
    await waitForStatus(a, 'On this device')
    expect(await shownText(a)).toBe(await shownText(b))
  })
})
