import { Archive, DoorOpen, Eye, Hourglass, KeyRound, MessageSquare, UserX } from 'lucide-react'
import { useEffect, useMemo, type ReactNode } from 'react'
import { call, messageOf } from '../api/rpc'
import type { DocumentInfo } from '../api/types'
import { useApp } from '../app/store'
import type { Provider } from '../provider/provider'
import { plural } from '../sharing/words'
import { toast } from '../ui/toast'
import { useAction } from '../ui/useCall'
import { duplicate } from './duplicate'

/** What the reader may do here, where that is not everything; and what waits or was set aside. */
export default function MemberBanner(props: {
  id: string
  provider: Provider | undefined
  onAside: () => void
}) {
  const d = useMembership(props.id)
  if (d === undefined) return null
  const notes: ReactNode[] = []
  if (d.state === 'removed') {
    notes.push(
      <Note
        key="removed"
        icon={d.left === true ? <DoorOpen /> : <UserX />}
        tone={d.left === true ? undefined : 'warn'}
      >
        {d.left === true
          ? 'You have left this document. This is your copy as it was then; you can go on reading it and take it with you. What you wrote before stays with the others. To come back, ask a member to let you in.'
          : 'You are no longer a member of this document. This is your copy as it was then; you can go on reading it and take it with you. What you wrote since is kept here, goes along into what you export or copy, and others do not see it.'}{' '}
        <ExportButton id={props.id} format="txt" label="Export as text" />{' '}
        <ExportButton id={props.id} format="json" label="Export everything" />{' '}
        {props.provider !== undefined && <DuplicateButton id={props.id} provider={props.provider} />}
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
  if (d.forked === true) {
    notes.push(
      <Note key="forked" icon={<KeyRound />} tone="warn">
        Another copy of this device’s key has written in this document. All of it is kept; where two versions
        of the same edits exist, one of them is shown, the same to everyone. Remove this device, from another
        one of yours or by an owner, and add it anew in a fresh data directory.
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

function Note(props: { icon: ReactNode; tone?: 'warn' | undefined; children: ReactNode }) {
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

function DuplicateButton({ id, provider }: { id: string; provider: Provider }) {
  const { busy, problem, run } = useAction()
  useEffect(() => {
    if (problem !== undefined) toast(problem, { tone: 'problem' })
  }, [problem])
  const title = () => String(provider.doc.getMap('meta').get('title') ?? '')
  return (
    <button
      type="button"
      className="button button-small"
      disabled={busy}
      onClick={() => run(() => duplicate(id, provider, title()))}
    >
      Copy into a new document
    </button>
  )
}

type Membership = Pick<DocumentInfo, 'state' | 'left' | 'role' | 'waiting' | 'aside' | 'forked' | 'message'>

/** What the banner tells; the same object until that changes, since the document's changes with every key. */
function useMembership(id: string): Membership | undefined {
  const key = useApp((s) => {
    const d = s.documents?.find((doc) => doc.id === id)
    return d === undefined
      ? ''
      : JSON.stringify([d.state, d.left, d.role, d.waiting, d.aside, d.forked, d.message])
  })
  return useMemo(() => {
    if (key === '') return undefined
    const [state, left, role, waiting, aside, forked, message] = JSON.parse(key) as unknown[]
    return { state, left, role, waiting, aside, forked, message } as Membership
  }, [key])
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
