import * as Bar from '@radix-ui/react-toolbar'
import type { Editor } from '@tiptap/core'
import { ChevronDown, Ellipsis, Table2 } from 'lucide-react'
import { useCallback, useState, type ReactNode } from 'react'
import { keysFor } from '../ui/keys'
import { Menu, MenuChoices, MenuItem, MenuLine } from '../ui/Menu'
import { Tooltip } from '../ui/Tooltip'
import { LANGUAGES } from './codeblock'
import { BLOCKS, setBlock, TABLE_COMMANDS, TOOLS, type Tool } from './tools'
import { useEditorFacts, type EditorFacts } from './useEditorFacts'

/** Widths as in ui.css; a button grows where fingers press it. */
const BUTTON = 36
const BUTTON_TOUCH = 44
const BLOCK_MENU = 128
const CONTEXT_MENU = 124
const LINE = 13

/** The one row of tools; what does not fit is in the menu at its end. */
export function Toolbar({ editor }: { editor: Editor | undefined }) {
  const facts = useEditorFacts(editor)
  const [width, follow] = useWidth()
  if (editor === undefined) return <div className="toolbar" />
  const fits = fitting(width, facts.table || facts.codeBlock)
  const shown = TOOLS.slice(0, fits)
  const more = TOOLS.slice(fits)
  const back = () => editor.commands.focus()
  return (
    <section className="toolbar" aria-label="Formatting tools" ref={follow}>
      <Bar.Root className="toolbar-row" aria-label="Formatting" data-readonly={!facts.editable || undefined}>
        {grouped(shown).map((group, i) => (
          <div className="toolbar-group" key={group[0]!.group}>
            {i === 1 && <BlockMenu editor={editor} facts={facts} back={back} />}
            {i === 1 && <Bar.Separator className="toolbar-line" />}
            {group.map((tool) => (
              <ToolButton key={tool.id} tool={tool} editor={editor} facts={facts} />
            ))}
            {i < grouped(shown).length - 1 && <Bar.Separator className="toolbar-line" />}
          </div>
        ))}
        {more.length > 0 && (
          <Menu
            align="end"
            returnFocus={back}
            trigger={
              <Bar.Button className="tool" aria-label="More tools">
                <Ellipsis aria-hidden="true" />
              </Bar.Button>
            }
          >
            {more.map((tool) => (
              <MenuItem
                key={tool.id}
                icon={tool.icon}
                keys={tool.keys === undefined ? undefined : keysFor(tool.keys)}
                disabled={(!facts.editable && tool.comments !== true) || tool.disabled?.(facts)}
                onSelect={() => tool.run(editor)}
              >
                {tool.label}
                {tool.on?.(facts) === true && <span className="menu-on"> (on)</span>}
              </MenuItem>
            ))}
          </Menu>
        )}
        {facts.table && <TableMenu editor={editor} back={back} />}
        {facts.codeBlock && !facts.table && <LanguageMenu editor={editor} facts={facts} back={back} />}
      </Bar.Root>
    </section>
  )
}

function grouped(tools: readonly Tool[]): Tool[][] {
  const groups: Tool[][] = []
  for (const tool of tools) {
    const last = groups.at(-1)
    if (last !== undefined && last[0]!.group === tool.group) last.push(tool)
    else groups.push([tool])
  }
  return groups
}

/** How many tools fit into a row of this width, leaving room for the menu when not all do. */
function fitting(width: number, context: boolean): number {
  const button = window.matchMedia('(pointer: coarse)').matches ? BUTTON_TOUCH : BUTTON
  const room = width - BLOCK_MENU - LINE - (context ? CONTEXT_MENU : 0)
  const needed = (n: number) => n * button + (new Set(TOOLS.slice(0, n).map((t) => t.group)).size - 1) * LINE
  if (needed(TOOLS.length) <= room) return TOOLS.length
  let n = TOOLS.length
  // Undo, redo and bold stay, however narrow it is: the row's menu stands beside them.
  while (n > 3 && needed(n) + button > room) n--
  return n
}

/** The width of an element's content, followed as it changes. */
function useWidth(): [number, (element: HTMLElement | null) => (() => void) | undefined] {
  const [width, setWidth] = useState(Infinity)
  const follow = useCallback((element: HTMLElement | null) => {
    if (element === null) return undefined
    const observer = new ResizeObserver(([entry]) => setWidth(entry!.contentRect.width))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return [width, follow]
}

function ToolButton(props: { tool: Tool; editor: Editor; facts: EditorFacts }) {
  const { tool, editor, facts } = props
  const keys = tool.keys === undefined ? undefined : keysFor(tool.keys)
  return (
    <Tooltip label={tool.label} keys={keys}>
      <Bar.Button
        className="tool"
        aria-label={tool.label}
        aria-pressed={tool.on?.(facts)}
        aria-keyshortcuts={tool.keys?.replace('Mod', 'Control').replaceAll('-', '+')}
        disabled={(!facts.editable && tool.comments !== true) || tool.disabled?.(facts)}
        onMouseDown={keepFocus}
        onClick={() => tool.run(editor)}
      >
        {tool.icon}
      </Bar.Button>
    </Tooltip>
  )
}

/** A press on a button must not take the focus, and the selection, out of the text. */
function keepFocus(event: React.MouseEvent): void {
  event.preventDefault()
}

function BlockMenu(props: { editor: Editor; facts: EditorFacts; back: () => void }) {
  const { editor, facts, back } = props
  const current = BLOCKS.find((b) => b.value === facts.block)
  return (
    <ToolMenu
      className="tool-menu tool-block"
      label="Kind of paragraph"
      text={current?.label ?? (facts.codeBlock ? 'Code' : 'Text')}
      disabled={!facts.editable}
      back={back}
    >
      <MenuChoices
        label="Kind of paragraph"
        value={facts.block}
        choices={BLOCKS.map((b) => ({
          value: b.value,
          label: <span className={`block-${b.value}`}>{b.label}</span>,
          keys: keysFor(b.keys),
        }))}
        onChoose={(value) => setBlock(editor, value)}
      />
    </ToolMenu>
  )
}

function LanguageMenu(props: { editor: Editor; facts: EditorFacts; back: () => void }) {
  const { editor, facts, back } = props
  const known = LANGUAGES.find(([value]) => value === facts.language)
  return (
    <ToolMenu
      className="tool-menu tool-context"
      label="Language of the code"
      text={known?.[1] ?? facts.language}
      disabled={!facts.editable}
      back={back}
    >
      <MenuChoices
        label="Language of the code"
        value={facts.language}
        choices={LANGUAGES.map(([value, label]) => ({ value, label }))}
        onChoose={(value) =>
          editor
            .chain()
            .updateAttributes('codeBlock', { language: value === '' ? null : value })
            .run()
        }
      />
    </ToolMenu>
  )
}

function TableMenu({ editor, back }: { editor: Editor; back: () => void }) {
  return (
    <ToolMenu
      className="tool-menu tool-context"
      label="Table"
      text="Table"
      icon={<Table2 aria-hidden="true" />}
      back={back}
    >
      {TABLE_COMMANDS.map((c) => (
        <div key={c.label} role="none">
          {c.line === true && <MenuLine />}
          <MenuItem onSelect={() => c.run(editor)}>{c.label}</MenuItem>
        </div>
      ))}
    </ToolMenu>
  )
}

function ToolMenu(props: {
  className: string
  label: string
  text: string
  icon?: ReactNode
  disabled?: boolean
  back: () => void
  children: ReactNode
}) {
  return (
    <Menu
      returnFocus={props.back}
      trigger={
        <Bar.Button
          className={props.className}
          aria-label={props.label === props.text ? props.label : `${props.label}: ${props.text}`}
          disabled={props.disabled}
        >
          {props.icon}
          <span>{props.text}</span>
          <ChevronDown aria-hidden="true" />
        </Bar.Button>
      }
    >
      {props.children}
    </Menu>
  )
}
