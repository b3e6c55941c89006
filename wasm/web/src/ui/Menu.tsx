import * as Dropdown from '@radix-ui/react-dropdown-menu'
import { Check } from 'lucide-react'
import type { ReactNode } from 'react'

/** A menu under a trigger. Never modal: a modal one would inject a <style>, which the page's CSP forbids. */
export function Menu(props: {
  trigger: ReactNode
  children: ReactNode
  align?: 'start' | 'end'
  /** Takes the focus when the menu closes, instead of the trigger. */
  returnFocus?: () => void
  onOpenChange?: (open: boolean) => void
}) {
  return (
    <Dropdown.Root modal={false} onOpenChange={props.onOpenChange}>
      <Dropdown.Trigger asChild>{props.trigger}</Dropdown.Trigger>
      <Dropdown.Portal>
        <Dropdown.Content
          className="menu"
          align={props.align ?? 'start'}
          sideOffset={6}
          collisionPadding={8}
          onCloseAutoFocus={(event) => {
            if (props.returnFocus === undefined) return
            event.preventDefault()
            props.returnFocus()
          }}
        >
          {props.children}
        </Dropdown.Content>
      </Dropdown.Portal>
    </Dropdown.Root>
  )
}

export function MenuItem(props: {
  icon?: ReactNode
  children: ReactNode
  keys?: string
  onSelect: () => void
  disabled?: boolean
  danger?: boolean
}) {
  return (
    <Dropdown.Item
      className={props.danger ? 'menu-item menu-item-danger' : 'menu-item'}
      disabled={props.disabled}
      onSelect={props.onSelect}
    >
      <span className="menu-icon">{props.icon}</span>
      <span className="menu-label">{props.children}</span>
      {props.keys !== undefined && <span className="menu-keys">{props.keys}</span>}
    </Dropdown.Item>
  )
}

export function MenuChoices(props: {
  label: string
  value: string
  choices: readonly { value: string; label: ReactNode; keys?: string }[]
  onChoose: (value: string) => void
}) {
  return (
    <Dropdown.RadioGroup aria-label={props.label} value={props.value} onValueChange={props.onChoose}>
      {props.choices.map((choice) => (
        <Dropdown.RadioItem key={choice.value} className="menu-item" value={choice.value}>
          <span className="menu-icon">
            <Dropdown.ItemIndicator>
              <Check aria-hidden="true" />
            </Dropdown.ItemIndicator>
          </span>
          <span className="menu-label">{choice.label}</span>
          {choice.keys !== undefined && <span className="menu-keys">{choice.keys}</span>}
        </Dropdown.RadioItem>
      ))}
    </Dropdown.RadioGroup>
  )
}

export function MenuSwitch(props: {
  icon?: ReactNode
  children: ReactNode
  checked: boolean
  onChange: (checked: boolean) => void
}) {
  return (
    <Dropdown.CheckboxItem
      className="menu-item"
      checked={props.checked}
      onCheckedChange={props.onChange}
      onSelect={(event) => event.preventDefault()}
    >
      <span className="menu-icon">{props.icon}</span>
      <span className="menu-label">{props.children}</span>
      <span className="switch" data-on={props.checked || undefined} aria-hidden="true" />
    </Dropdown.CheckboxItem>
  )
}

export function MenuHeading(props: { children: ReactNode }) {
  return <Dropdown.Label className="menu-heading">{props.children}</Dropdown.Label>
}

export function MenuLine() {
  return <Dropdown.Separator className="menu-line" />
}
