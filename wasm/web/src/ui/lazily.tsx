import { useEffect, useState, type ComponentType, type ReactNode } from 'react'
import { toast } from './toast'

/**
 * A part of the page whose code is fetched when it is first shown. Where that
 * fails, because Sheaf on this device is away or was replaced by a newer one,
 * the reader is told and the rest of the page stays: it may hold edits that
 * exist nowhere else. (React's own `lazy` would take the whole page away.)
 */
export function lazily<P extends object>(
  load: () => Promise<ComponentType<P>>,
  waiting: ReactNode = null,
): ComponentType<P> {
  let loaded: ComponentType<P> | undefined
  return function Lazily(props: P) {
    const [Part, setPart] = useState(() => loaded)
    const { onClose } = props as { onClose?: () => void }
    useEffect(() => {
      if (Part !== undefined) return
      let gone = false
      load().then(
        (part) => {
          loaded = part
          if (!gone) setPart(() => part)
        },
        () => {
          if (gone) return
          toast(
            'This part of the page could not be fetched from Sheaf on this device. Your text stays as it is. Try again, or reload the page once everything is saved.',
            { tone: 'problem' },
          )
          onClose?.()
        },
      )
      return () => {
        gone = true
      }
      // Once for each time that it is shown.
    }, [])
    return Part === undefined ? waiting : <Part {...props} />
  }
}
