import DOMPurify from 'dompurify'

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
  factory.createPolicy('default', { createHTML: (html) => clean(html) })
}

interface TrustedTypeFactory {
  defaultPolicy: unknown
  createPolicy(name: string, rules: { createHTML(html: string): string }): unknown
}

/** HTML without anything that runs, loads or styles; the structure that editors paste stays. */
export function clean(html: string): string {
  return DOMPurify.sanitize(html, {
    USE_PROFILES: { html: true },
    FORBID_TAGS: ['style', 'form', 'iframe', 'object', 'embed', 'audio', 'video', 'source'],
    FORBID_ATTR: ['id', 'srcset', 'background'],
  })
}
