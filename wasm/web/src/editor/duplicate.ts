/**
 * Copies of a document that stand for themselves: another id, other keys, the
 * reader as owner. For someone who may no longer write in the original.
 */
import * as Y from 'yjs'
import { call } from '../api/rpc'
import { go } from '../app/router'
import { store } from '../app/store'
import type { Provider } from '../provider/provider'

type Block = Y.XmlElement | Y.XmlText

/** What copies are filled with when they are first opened. */
const contents = new Map<string, Block[]>()

/** Makes a new document of the reader's own with the text of this one, and goes there. */
export async function duplicate(id: string, provider: Provider, title: string): Promise<void> {
  const blocks = bodyOf(provider)
    .toArray()
    .map((block) => block.clone() as Block)
  const { late } = await call('documents.export', { id, format: 'txt' })
  if (late.text.trim() !== '') blocks.push(...late.text.split('\n').map(paragraph))
  const made = await call('documents.create', { title: copyTitle(title) })
  contents.set(made.id, blocks)
  store.put(made)
  go({ page: 'document', id: made.id })
}

/** Puts the text of the original into a copy that was just opened; does nothing in any other. */
export function fillCopy(id: string, provider: Provider): void {
  const blocks = contents.get(id)
  if (blocks === undefined || !provider.editable) return
  contents.delete(id)
  provider.doc.transact(() => bodyOf(provider).insert(0, blocks))
}

function paragraph(text: string): Y.XmlElement {
  const element = new Y.XmlElement('paragraph')
  if (text !== '') element.insert(0, [new Y.XmlText(text)])
  return element
}

/** What a copy is called. */
export function copyTitle(title: string): string {
  return title.trim() === '' ? 'My copy' : `${title.trim()} (my copy)`
}

function bodyOf(provider: Provider): Y.XmlFragment {
  return provider.doc.getXmlFragment('default')
}
