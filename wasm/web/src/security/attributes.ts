/**
 * Renames what the browser would act on, or report, while it only parses.
 *
 * Under the page's CSP, merely parsing HTML that has style or event attributes
 * counts as a violation, even into a detached document, and the styles are not
 * there to be read afterwards. Pasted HTML is full of them, and word processors
 * say "bold" in no other way. So before any parser sees pasted HTML, `style`
 * becomes `data-style`, which the sanitiser reads, and `on…` becomes
 * `data-off-…`, which it drops; style and script elements are left out. Safety does not rest on this: the CSP and the
 * sanitiser stand behind it.
 */
export function renameAttributes(html: string): string {
  let out = ''
  let at = 0
  while (at < html.length) {
    const open = html.indexOf('<', at)
    if (open < 0) break
    if (!/[a-z]/i.test(html[open + 1] ?? '')) {
      out += html.slice(at, open + 1)
      at = open + 1
      continue
    }
    const end = tagNameEnd(html, open + 1)
    const raw = /^(style|script)$/i.exec(html.slice(open + 1, end))
    if (raw !== null) {
      out += html.slice(at, open)
      at = rawTextEnd(html, end, raw[0].toLowerCase())
      continue
    }
    out += html.slice(at, end)
    at = renameInTag(html, end, (piece) => {
      out += piece
    })
  }
  return out + html.slice(at)
}

function tagNameEnd(html: string, at: number): number {
  while (at < html.length && !/[\s/>]/.test(html[at]!)) at++
  return at
}

/** Where the element ends whose content is text up to its end tag. */
function rawTextEnd(html: string, at: number, name: string): number {
  const close = html.slice(at).search(new RegExp(`</${name}[\\s/>]`, 'i'))
  if (close < 0) return html.length
  const end = html.indexOf('>', at + close)
  return end < 0 ? html.length : end + 1
}

/** Copies the attributes of a tag from `at` to its ">", renamed; returns where it stopped. */
function renameInTag(html: string, at: number, emit: (piece: string) => void): number {
  while (at < html.length) {
    const gap = at
    while (at < html.length && /[\s/]/.test(html[at]!)) at++
    emit(html.slice(gap, at))
    if (at >= html.length || html[at] === '>') break
    const nameStart = at
    at++ // A name may begin with "=".
    while (at < html.length && !/[\s/>=]/.test(html[at]!)) at++
    emit(rename(html.slice(nameStart, at)))
    const equals = /^\s*=\s*/.exec(html.slice(at, at + 64))
    if (equals === null) continue
    emit(equals[0])
    at += equals[0].length
    const quote = html[at]
    const valueStart = at
    if (quote === '"' || quote === "'") {
      const close = html.indexOf(quote, at + 1)
      at = close < 0 ? html.length : close + 1
    } else {
      while (at < html.length && !/[\s>]/.test(html[at]!)) at++
    }
    emit(html.slice(valueStart, at))
  }
  return at
}

function rename(name: string): string {
  const lower = name.toLowerCase()
  if (lower === 'style') return 'data-style'
  return lower.startsWith('on') ? `data-off-${lower.slice(2)}` : name
}

/** What a style says about the text, as marks of the editor; undefined where it says nothing. */
export interface TextStyle {
  bold: boolean | undefined
  italic: boolean | undefined
  strike: boolean | undefined
}

/** Reads the declarations of a style attribute that an editor of text cares about. */
export function readTextStyle(style: string): TextStyle {
  const found: TextStyle = { bold: undefined, italic: undefined, strike: undefined }
  for (const declaration of style.split(';')) {
    const colon = declaration.indexOf(':')
    if (colon < 0) continue
    const value = declaration
      .slice(colon + 1)
      .trim()
      .toLowerCase()
    switch (declaration.slice(0, colon).trim().toLowerCase()) {
      case 'font-weight':
        if (/^(bold|bolder|[6-9]\d\d)/.test(value)) found.bold = true
        else if (/^(normal|lighter|[1-5]\d\d)/.test(value)) found.bold = false
        break
      case 'font-style':
        if (/^(italic|oblique)/.test(value)) found.italic = true
        else if (value.startsWith('normal')) found.italic = false
        break
      case 'text-decoration':
      case 'text-decoration-line':
        if (value.includes('line-through')) found.strike = true
        break
    }
  }
  return found
}
