import { useSyncExternalStore } from 'react'

/** There is a margin beside the page; else comments come in a sheet from below. As in comments.css. */
const WIDE = '(min-width: 1080px)'

export function useWide(): boolean {
  return useSyncExternalStore(
    (listener) => {
      const query = window.matchMedia(WIDE)
      query.addEventListener('change', listener)
      return () => query.removeEventListener('change', listener)
    },
    () => window.matchMedia(WIDE).matches,
  )
}
