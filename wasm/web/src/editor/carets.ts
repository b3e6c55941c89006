import { yCursorPlugin, yCursorPluginKey } from '@tiptap/y-tiptap'
import type { Editor } from '@tiptap/core'
import type { Plugin } from '@tiptap/pm/state'
import type { Awareness } from 'y-protocols/awareness'
import { readPerson } from '../app/people'

/** A name fades this long after its person last moved. */
const NAME_SHOWN_MS = 2_000

/**
 * Shows the others' carets and selections in an editor, with names that fade;
 * returns how to stop. Called again whenever the awareness was replaced.
 */
export function showCarets(editor: Editor, awareness: Awareness): () => void {
  const timers = new Map<number, number>()

  const wake = (client: number) => {
    const caret = editor.view.dom.querySelector<HTMLElement>(`.caret[data-client="${client}"]`)
    if (caret !== null) caret.dataset.awake = 'true'
    window.clearTimeout(timers.get(client))
    timers.set(
      client,
      window.setTimeout(() => {
        timers.delete(client)
        editor.view.dom
          .querySelector<HTMLElement>(`.caret[data-client="${client}"]`)
          ?.removeAttribute('data-awake')
      }, NAME_SHOWN_MS),
    )
  }
  const onChange = (change: { added: number[]; updated: number[] }) => {
    for (const client of [...change.added, ...change.updated]) {
      // After the decorations were drawn for this change.
      if (client !== awareness.clientID) queueMicrotask(() => !editor.isDestroyed && wake(client))
    }
  }

  const plugin = yCursorPlugin(awareness, {
    cursorBuilder: (user: unknown, client: number) => {
      const person = readPerson(user, String(client))
      const caret = document.createElement('span')
      caret.className = 'caret'
      caret.dataset.client = String(client)
      if (timers.has(client)) caret.dataset.awake = 'true'
      caret.style.setProperty('--person', person.colour)
      const name = document.createElement('span')
      name.className = 'caret-name'
      name.textContent = person.name
      // Word joiners keep the caret from breaking a line where it stands.
      caret.append('\u2060', name, '\u2060')
      return caret
    },
    selectionBuilder: (user: unknown, client: number) => ({
      class: 'caret-selection',
      style: `--person: ${readPerson(user, String(client)).colour}`,
    }),
  }) as Plugin
  editor.registerPlugin(plugin)
  awareness.on('change', onChange)
  return () => {
    awareness.off('change', onChange)
    for (const timer of timers.values()) window.clearTimeout(timer)
    if (!editor.isDestroyed) editor.unregisterPlugin(yCursorPluginKey)
  }
}

/** Scrolls to where somebody writes. */
export function goToCaret(editor: Editor, client: number): void {
  const caret = editor.view.dom.querySelector(`.caret[data-client="${client}"]`)
  const still = window.matchMedia('(prefers-reduced-motion: reduce)').matches
  caret?.scrollIntoView({ block: 'center', behavior: still ? 'auto' : 'smooth' })
}
