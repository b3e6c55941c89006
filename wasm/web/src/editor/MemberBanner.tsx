import { Archive, Eye, Hourglass, MessageSquare, UserX } from 'lucide-react'
import type { ReactNode } from 'react'
import { call, messageOf } from '../api/rpc'
import { useApp } from '../app/store'
import { plural } from '../sharing/words'
import { toast } from '../ui/toast'

/** What the reader may do here, where that is not everything; and what waits or was set aside. */
export function MemberBanner(props: { id: string; onAside: () => void }) {
  const d = useApp((s) => s.documents?.find((doc) => doc.id === props.id))
  if (d === undefined) return null
  const notes: ReactNode[] = []
  if (d.state === 'removed') {
    notes.push(
      <Note key="removed" icon={<UserX />} tone="warn">
        You are no longer a member of this document. This is your copy as it was then; you can go on reading
        it and take it with you. What you wrote since is kept here, and others do not see it.{' '}
        <ExportButton id={props.id} format="txt" label="Export as text" />{' '}
        <ExportButton id={props.id} format="json" label="Export everything" />
      </Note>,
    )
  } else if (d.waiting === true) {
    notes.push(
      <Note key="waiting" icon={<Hourglass />}>
        {d.message || 'You can write now. Others see it once a member answers.'}
      </Note>,
    )
  } else if (d.role === 'viewer') {
    notes.push(
      <Note key="viewer" icon={<Eye />}>
        You can read this document.
      </Note>,
    )
  } else if (d.role === 'commenter') {
    notes.push(
      <Note key="commenter" icon={<MessageSquare />}>
        You can read and comment: select some text.
      </Note>,
    )
  }
  if ((d.aside ?? 0) > 0) {
    notes.push(
      <Note key="aside" icon={<Archive />}>
        <button type="button" className="link-button" onClick={props.onAside}>
          {plural(d.aside ?? 0, 'edit')} set aside
        </button>
      </Note>,
    )
  }
  return <div className="member-notes">{notes}</div>
}

function Note(props: { icon: ReactNode; tone?: 'warn'; children: ReactNode }) {
  return (
    <p className={props.tone === 'warn' ? 'member-note member-note-warn' : 'member-note'} role="status">
      {props.icon} <span>{props.children}</span>
    </p>
  )
}

function ExportButton(props: { id: string; format: 'txt' | 'json'; label: string }) {
  return (
    <button type="button" className="button button-small" onClick={() => void save(props.id, props.format)}>
      {props.label}
    </button>
  )
}

/** Puts the document into a file of the reader's. */
async function save(id: string, format: 'txt' | 'json'): Promise<void> {
  try {
    const { content } = await call('documents.export', { id, format })
    const url = URL.createObjectURL(new Blob([content], { type: 'text/plain;charset=utf-8' }))
    const link = document.createElement('a')
    link.href = url
    link.download = `document.${format}`
    link.click()
    window.setTimeout(() => URL.revokeObjectURL(url), 60_000)
  } catch (error) {
    toast(messageOf(error), { tone: 'problem' })
  }
}
