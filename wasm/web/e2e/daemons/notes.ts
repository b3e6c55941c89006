/** A few pages of text as somebody would paste it, with every kind of paragraph. */
import type { Page } from 'playwright-core'
import { parts } from '../browser'

const sentence =
  'The Analytical Engine weaves algebraical patterns just as the loom weaves flowers and leaves, and what it makes depends wholly upon the cards that are given to it.'

function paragraphs(topic: string, n: number): string {
  let out = ''
  for (let i = 1; i <= n; i++) out += `<p>${topic}, part ${i}. ${sentence} ${sentence} “Naïve” — 日本 👩‍🔬.</p>`
  return out
}

export const NOTES = `<h1>Notes on the engine</h1>
<p>It has no pretensions whatever to <em>originate</em> anything. It can do <strong>whatever we know how to order it</strong> to perform; see <a href="https://example.org/notes">the notes</a>.</p>
<h2>Writing together</h2>
<p>Both write in this paragraph.</p>
<p>Here only Ada writes.</p>
<p>Here only Bob writes.</p>
<h2>What to build first</h2>
<ul><li><p>The mill, where numbers are brought together</p></li><li><p>The store, with <code>1000</code> columns</p></li></ul>
<ol><li><p>Punch</p></li><li><p>Order</p><ol><li><p>by number</p></li></ol></li></ol>
<ul data-type="taskList"><li data-type="taskItem" data-checked="true"><div><p>Draw the cards</p></div></li><li data-type="taskItem" data-checked="false"><div><p>Find a punch</p></div></li></ul>
<blockquote><p>We may say most aptly that it weaves.</p></blockquote>
<pre><code class="language-python">def engine(cards):
    for n, card in enumerate(cards):
        yield "mill", card ** 2</code></pre>
<table><tbody><tr><th><p>Part</p></th><th><p>Columns</p></th></tr><tr><td><p>Mill</p></td><td><p>50</p></td></tr></tbody></table>
<h2>The mill</h2>${paragraphs('On the mill', 8)}
<h2>The store</h2>${paragraphs('On the store', 8)}
<h2>The cards</h2>${paragraphs('On the cards', 8)}
<p>This is the last line of these notes.</p>`

/** Pastes HTML where the caret is. */
export async function pasteHTML(page: Page, html: string): Promise<void> {
  await parts.text(page).evaluate((element, html) => {
    const data = new DataTransfer()
    data.setData('text/html', html)
    element.dispatchEvent(
      new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }),
    )
  }, html)
}
