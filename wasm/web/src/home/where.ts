import type { DocumentInfo } from '../api/types'

/** Where a document is kept, for the list. */
export function whereWords(d: Pick<DocumentInfo, 'state' | 'others'>): string {
  if (d.state === 'joining') return 'Waiting for a member'
  if (d.state === 'damaged') return 'Damaged, being repaired'
  const complete = d.others.filter((o) => o.complete).length
  if (complete === 0) return 'On this device'
  return complete === 1 ? 'Here and on 1 other device' : `Here and on ${complete} other devices`
}
