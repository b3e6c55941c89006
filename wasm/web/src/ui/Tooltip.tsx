import * as Radix from '@radix-ui/react-tooltip'
import type { ReactElement } from 'react'

/** Wrap the page in it once. */
export function TooltipArea(props: { children: ReactElement }) {
  return (
    <Radix.Provider delayDuration={450} skipDelayDuration={200}>
      {props.children}
    </Radix.Provider>
  )
}

/** A name for a button that shows only an icon, with its keys. */
export function Tooltip(props: { label: string; keys?: string; children: ReactElement }) {
  return (
    <Radix.Root>
      <Radix.Trigger asChild>{props.children}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content className="tooltip" sideOffset={6} collisionPadding={8}>
          {props.label}
          {props.keys !== undefined && <kbd>{props.keys}</kbd>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
