/** What the address of the page must look like to be an invitation. */
const PREFIX = '#v1.'

/**
 * Returns the link in the page's address, if it is an invitation, and takes it
 * out of the address and this history entry: its fragment is a secret.
 */
export function takeInvitation(
  location: Pick<Location, 'hash' | 'pathname' | 'search'>,
  history: Pick<History, 'replaceState'>,
): string | undefined {
  if (!location.hash.startsWith(PREFIX)) return undefined
  const link = `sheaf://join${location.hash}`
  history.replaceState(null, '', location.pathname + location.search)
  return link
}

/** Whether a link adds a device instead of opening a document. */
export function isPairing(link: string | undefined): boolean {
  return link?.startsWith('sheaf://pair#v1.') === true
}

/** Reads what somebody pasted: a sheaf: link, a web link, or the fragment alone. */
export function normaliseLink(pasted: string): string | undefined {
  const text = pasted.trim()
  const at = text.indexOf(PREFIX)
  if (at < 0 || /\s/.test(text)) return undefined
  const before = text.slice(0, at)
  if (before !== '' && !/^(sheaf:\/\/join\/?|https?:\/\/[^#]*)$/i.test(before)) return undefined
  return `sheaf://join${text.slice(at)}`
}
