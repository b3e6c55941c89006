import { useEffect, useState, useSyncExternalStore } from 'react'
import { editAddress, WebSocketCarrier } from '../provider/carrier'
import { Provider, type ProviderState } from '../provider/provider'

/** The provider of a document for as long as the page shows it. */
export function useProvider(id: string, wanted: boolean): Provider | undefined {
  const [provider, setProvider] = useState<Provider>()
  useEffect(() => {
    if (!wanted) return
    const made = new Provider({ dial: () => new WebSocketCarrier(editAddress(id)) })
    setProvider(made)
    const retry = () => {
      if (!document.hidden) made.retryNow()
    }
    window.addEventListener('online', retry)
    document.addEventListener('visibilitychange', retry)
    return () => {
      window.removeEventListener('online', retry)
      document.removeEventListener('visibilitychange', retry)
      setProvider(undefined)
      made.destroy()
    }
  }, [id, wanted])
  return provider
}

const NOTHING = () => () => {}

/**
 * One fact of the provider's state. Selections must be primitive or stable
 * objects: the state changes with every keystroke, and only a changed
 * selection draws anything again.
 */
export function useProviderState<T>(
  provider: Provider | undefined,
  select: (state: ProviderState) => T,
): T | undefined {
  return useSyncExternalStore(provider?.subscribe ?? NOTHING, () =>
    provider === undefined ? undefined : select(provider.state),
  )
}
