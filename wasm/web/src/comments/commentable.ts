import type { Editor } from '@tiptap/core'

const commenting = new WeakMap<Editor, boolean>()

/** Whether comments may be made in an editor, as its toolbar asks. */
export function commentable(editor: Editor): boolean {
  return commenting.get(editor) ?? false
}

export function noteCommentable(editor: Editor, may: boolean): void {
  commenting.set(editor, may)
}
