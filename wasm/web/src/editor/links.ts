/** Schemes that a link in a document may have. */
const SCHEMES = new Set(['http:', 'https:', 'mailto:', 'tel:'])

/** Reports whether an address may stand in a document: absolute, and of a harmless scheme. */
export function allowedAddress(address: string): boolean {
  try {
    return SCHEMES.has(new URL(address).protocol)
  } catch {
    return false
  }
}

/** What somebody typed as an address, completed; undefined when it cannot be one. */
export function completeAddress(typed: string): string | undefined {
  const text = typed.trim()
  if (text === '' || /\s/.test(text)) return undefined
  if (/^[a-z][a-z0-9+.-]*:/i.test(text) && !/^[^/]*:\d+(\/|$)/.test(text)) {
    return allowedAddress(text) ? text : undefined
  }
  if (/^[^@/]+@[^@/]+\.[^@/]+$/.test(text)) return `mailto:${text}`
  const address = `https://${text}`
  return allowedAddress(address) ? address : undefined
}
