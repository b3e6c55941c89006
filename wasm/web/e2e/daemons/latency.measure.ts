/**
 * Measures from a key press in one page to the moment when the other page has
 * painted the character: two Chromiums, two nodes, loopback. Prints JSON.
 * KEYSTROKES and PAUSE_MS (between two keys) may be set.
 */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, it } from 'vitest'
import { parts, waitForStatus, waitForText } from '../browser'
import { NOTES, pasteHTML } from './notes'
import { leave, Person } from './people'

const KEYSTROKES = Number(process.env.KEYSTROKES ?? 300)
const PAUSE_MS = Number(process.env.PAUSE_MS ?? 90)

interface Watch {
  pressed: number[]
  painted: number[]
}

const ada = new Person({ name: 'Ada Lovelace' })
const bob = new Person({ name: 'Bob Noyce' })
let a: Page
let b: Page

beforeAll(async () => {
  await Promise.all([ada.daemon.start(), bob.daemon.start()])
  const { id } = await ada.daemon.create('Latency')
  const { link } = await ada.daemon.share(id)
  await bob.daemon.call('documents.join', { link })
  a = await ada.open(`/d/${id}`)
  await parts.text(a).click()
  await pasteHTML(a, NOTES)
  b = await bob.open(`/d/${id}`)
  await waitForText(b, 'the last line of these notes')
})
afterAll(() => leave(ada, bob))

/** Notes when keys are pressed here, and when a paragraph has grown on the screen. */
async function watch(page: Page, paragraph: string): Promise<void> {
  await page.evaluate((paragraph) => {
    const found: Watch = { pressed: [], painted: [] }
    ;(window as unknown as { watch: Watch }).watch = found
    window.addEventListener(
      'keydown',
      (event) => found.pressed.push(performance.timeOrigin + event.timeStamp),
      true,
    )
    const root = document.querySelector('.ProseMirror')!
    const length = () => {
      const p = [...root.querySelectorAll('p')].find((e) => e.textContent.startsWith(paragraph))
      if (p === undefined) return 0
      let n = p.textContent.length
      for (const caret of p.querySelectorAll('.caret')) n -= caret.textContent.length
      return n
    }
    const start = length()
    new MutationObserver(() => {
      requestAnimationFrame(() => {
        // A message posted before painting is delivered after it.
        const after = new MessageChannel()
        const n = length() - start
        after.port1.onmessage = () => {
          const now = performance.timeOrigin + performance.now()
          while (found.painted.length < n) found.painted.push(now)
        }
        after.port2.postMessage(undefined)
      })
    }).observe(root, { childList: true, characterData: true, subtree: true })
  }, paragraph)
}

function collect(page: Page): Promise<Watch> {
  return page.evaluate(() => (window as unknown as { watch: Watch }).watch)
}

function summary(what: string, pressed: number[], painted: number[]): object {
  const ms = pressed.map((t, i) => painted[i]! - t).sort((x, y) => x - y)
  const at = (q: number) => Math.round(ms[Math.min(ms.length - 1, Math.floor(q * ms.length))]! * 10) / 10
  return {
    what,
    keystrokes: ms.length,
    pauseMs: PAUSE_MS,
    p50: at(0.5),
    p90: at(0.9),
    p99: at(0.99),
    max: at(1),
  }
}

async function type(page: Page, letter: string): Promise<void> {
  for (let i = 0; i < KEYSTROKES; i++) {
    await page.keyboard.press(letter)
    await page.waitForTimeout(PAUSE_MS)
  }
}

it('measures from a key press to the other page', async () => {
  const results: object[] = []
  await a.getByText('Here only Ada writes').click()
  await a.keyboard.press('End')
  await watch(a, 'Here only Bob writes')
  await watch(b, 'Here only Ada writes')
  await type(a, 'a')
  await waitForText(b, 'a'.repeat(KEYSTROKES))
  await waitForStatus(a, 'On 1 other device')
  const one = await collect(b)
  results.push(summary('one types', (await collect(a)).pressed, one.painted))

  await a.getByText('Here only Ada writes').click()
  await b.getByText('Here only Bob writes').click()
  await a.keyboard.press('End')
  await b.keyboard.press('End')
  await watch(a, 'Here only Bob writes')
  await watch(b, 'Here only Ada writes')
  await Promise.all([type(a, 'a'), type(b, 'b')])
  await waitForText(a, 'b'.repeat(KEYSTROKES))
  await waitForStatus(a, 'On 1 other device')
  const [atA, atB] = [await collect(a), await collect(b)]
  results.push(summary('both type, first to second', atA.pressed, atB.painted))
  results.push(summary('both type, second to first', atB.pressed, atA.painted))
  console.log(JSON.stringify(results, null, 2))
})
