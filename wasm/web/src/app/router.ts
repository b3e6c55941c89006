import { useSyncExternalStore } from 'react'

/** Where the reader is. */
export type Route = { page: 'home' } | { page: 'trash' } | { page: 'document'; id: string }

const listeners = new Set<() => void>()

export function parseRoute(path: string): Route {
  if (path === '/trash') return { page: 'trash' }
  const document = /^\/d\/([A-Za-z0-9_-]+)$/.exec(path)
  return document?.[1] !== undefined ? { page: 'document', id: document[1] } : { page: 'home' }
}

export function pathOf(route: Route): string {
  switch (route.page) {
    case 'home':
      return '/'
    case 'trash':
      return '/trash'
    case 'document':
      return `/d/${route.id}`
  }
}

export function go(route: Route): void {
  window.history.pushState(null, '', pathOf(route))
  for (const listener of [...listeners]) listener()
}

export function useRoute(): Route {
  const path = useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      window.addEventListener('popstate', listener)
      return () => {
        listeners.delete(listener)
        window.removeEventListener('popstate', listener)
      }
    },
    () => window.location.pathname,
  )
  return parseRoute(path)
}
