import DOMPurify from 'dompurify'
import { readTextStyle, renameAttributes } from './attributes'

/**
 * The page is served with require-trusted-types-for 'script': no string reaches
 * an HTML sink of the browser unseen. TipTap and ProseMirror parse pasted and
 * stored HTML through such sinks, always into detached documents that their
 * schema then reads. This default policy cleans every such string first; it
 * makes no scripts and no script addresses at all, so any attempt throws.
 */
export function installTrustedTypes(): void {
  const factory = (window as { trustedTypes?: TrustedTypeFactory }).trustedTypes
  if (factory === undefined || factory.defaultPolicy) return
  factory.createPolicy('default', { createHTML: cleanHTML })
}

interface TrustedTypeFactory {
  defaultPolicy: unknown
  createPolicy(name: string, rules: { createHTML(html: string): string }): unknown
}

/**
 * HTML without anything that runs, loads or styles. The structure that editors
 * paste stays, and bold, italic and struck text that was so by a style becomes
 * so by an element.
 */
export function cleanHTML(html: string): string {
  const fragment = DOMPurify.sanitize(renameAttributes(html), {
    USE_PROFILES: { html: true },
    FORBID_TAGS: ['style', 'form', 'iframe', 'object', 'embed', 'audio', 'video', 'source'],
    FORBID_ATTR: ['id', 'style', 'srcset', 'background'],
    RETURN_DOM_FRAGMENT: true,
  })
  for (const element of fragment.querySelectorAll('[data-style]')) {
    const style = readTextStyle(element.getAttribute('data-style') ?? '')
    element.removeAttribute('data-style')
    if (style.bold === true) wrapContent(element, 'strong')
    if (style.italic === true) wrapContent(element, 'em')
    if (style.strike === true) wrapContent(element, 's')
    // Word processors wrap whole documents in <b style="font-weight: normal">.
    if (style.bold === false && /^(b|strong)$/i.test(element.tagName)) unwrap(element)
    if (style.italic === false && /^(i|em)$/i.test(element.tagName)) unwrap(element)
  }
  const box = fragment.ownerDocument.createElement('div')
  box.append(fragment)
  return box.innerHTML
}

function wrapContent(element: Element, name: string): void {
  // A mark around whole blocks would break the blocks; their own lines carry it then.
  if (element.querySelector('p, div, li, table, h1, h2, h3, h4, h5, h6, pre, blockquote') !== null) return
  if (/^(table|tbody|thead|tr|ul|ol|pre)$/i.test(element.tagName)) return
  const wrapper = element.ownerDocument.createElement(name)
  wrapper.append(...element.childNodes)
  element.append(wrapper)
}

function unwrap(element: Element): void {
  element.replaceWith(...element.childNodes)
}
