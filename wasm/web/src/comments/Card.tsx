import { Check, Ellipsis, Pencil, RotateCcw, Trash2 } from 'lucide-react'
import { useState, type KeyboardEvent, type ReactNode } from 'react'
import type { Thread, ThreadComment } from '../api/types'
import { colourOf, initials, nameFor } from '../app/people'
import { When } from '../ui/When'
import { Menu, MenuItem } from '../ui/Menu'
import { messageOf } from '../api/rpc'
import { toast } from '../ui/toast'
import { Tooltip } from '../ui/Tooltip'
import { Composer } from './Composer'
import { DRAFT, type Draft, type Threads } from './threads'

/** What the reader may do with comments, by role. */
export interface Rights {
  /** Comment, reply, resolve, and change what is their own. */
  comment: boolean
  /** Delete what others said. */
  tidy: boolean
}

export interface CardEvents {
  /** The card is looked at: its passage is shown. */
  onChoose: (id: string) => void
  /** Back to the text. */
  onLeave: () => void
}

/** One thread. In the margin it is short until it is looked at. */
export function Card(
  props: CardEvents & {
    thread: Thread
    threads: Threads
    rights: Rights
    active: boolean
    /** The passage is gone, or not beside the card: its words are shown. */
    quoted: boolean
    gone: boolean
  },
) {
  const { thread, threads, rights, active } = props
  const [editing, setEditing] = useState<string>()
  const shown = thread.comments.filter((c, i) => !c.deleted || (i === 0 && !thread.missing))
  const first = shown[0]
  const folded = !active && shown.length > 2
  const visible = folded ? [shown[0]!, shown.at(-1)!] : shown
  const act = (work: Promise<void>) => void work.catch((e) => toast(messageOf(e), { tone: 'problem' }))
  return (
    <article
      className="comment-card"
      data-card={thread.id}
      data-active={active || undefined}
      data-resolved={thread.resolved || undefined}
      tabIndex={0}
      aria-label={`Comment by ${nameOf(first)}${thread.quote === '' ? '' : ` on “${thread.quote}”`}`}
      onClick={() => props.onChoose(thread.id)}
      onKeyDown={(event) => cardKeys(event, thread.id, props)}
    >
      {props.quoted && thread.quote !== '' && (
        <blockquote className="comment-quote">{thread.quote}</blockquote>
      )}
      {props.gone && <p className="comment-gone">This text is no longer in the document.</p>}
      {thread.missing && <p className="comment-gone">The first comment was removed or is not here yet.</p>}
      {visible.map((c, i) => (
        <div key={c.id}>
          {folded && i === 1 && shown.length > 2 && (
            <p className="comment-more">
              {shown.length - 2 === 1 ? '1 more reply' : `${shown.length - 2} more replies`}
            </p>
          )}
          <Said
            comment={c}
            mentions={thread.comments}
            side={
              <Actions
                comment={c}
                rights={rights}
                onEdit={() => setEditing(c.id)}
                onDelete={() => act(threads.remove(c.id))}
                lead={
                  i === 0 && rights.comment ? (
                    <ResolveButton
                      resolved={thread.resolved}
                      onResolve={() => act(threads.resolve(thread.id, !thread.resolved))}
                    />
                  ) : null
                }
              />
            }
          >
            {editing === c.id ? (
              <Composer
                threads={threads}
                keep={c.id}
                text={c.text}
                label="Change the comment"
                send="Save"
                focus
                onSend={async (text, mentions) => {
                  await threads.edit(c.id, text, mentions)
                  setEditing(undefined)
                }}
                onCancel={() => setEditing(undefined)}
              />
            ) : undefined}
          </Said>
        </div>
      ))}
      {active && rights.comment && !thread.resolved && editing === undefined && (
        <Composer
          threads={threads}
          keep={thread.id}
          label="Reply"
          send="Reply"
          onSend={(text, mentions) => threads.say(thread.id, text, mentions)}
          onCancel={props.onLeave}
        />
      )}
    </article>
  )
}

/** A thread that is about to begin. */
export function DraftCard(props: { draft: Draft; threads: Threads; quoted: boolean; onLeave: () => void }) {
  const { threads } = props
  return (
    <article className="comment-card" data-card={DRAFT} data-active aria-label="New comment">
      {props.quoted && <blockquote className="comment-quote">{props.draft.quote}</blockquote>}
      <Composer
        threads={threads}
        keep={DRAFT}
        label="Comment"
        send="Comment"
        focus
        onSend={async (text, mentions) => {
          await threads.say(DRAFT, text, mentions)
          props.onLeave()
        }}
        onCancel={() => {
          threads.dropDraft()
          props.onLeave()
        }}
      />
    </article>
  )
}

function cardKeys(event: KeyboardEvent<HTMLElement>, id: string, events: CardEvents): void {
  if (event.key === 'Escape') {
    event.preventDefault()
    events.onLeave()
    return
  }
  // Enter on the card itself, not in what it holds.
  if (event.key !== 'Enter' || event.target !== event.currentTarget) return
  event.preventDefault()
  events.onChoose(id)
  const card = event.currentTarget
  requestAnimationFrame(() => card.querySelector<HTMLElement>('textarea')?.focus())
}

function nameOf(c: ThreadComment | undefined): string {
  return nameFor(c?.name ?? '', c?.me ?? false)
}

function Said(props: {
  comment: ThreadComment
  mentions: readonly ThreadComment[]
  side: ReactNode
  children: ReactNode
}) {
  const { comment: c } = props
  if (c.deleted) return <p className="comment-gone">Deleted</p>
  return (
    <div className="said">
      <header className="said-head">
        <span
          className="avatar"
          aria-hidden="true"
          data-initials={initials(nameOf(c))}
          ref={(element) => element?.style.setProperty('--person', colourOf(c.device))}
        />
        <div className="said-who">
          <b>{nameOf(c)}</b>
          <small>
            <When at={c.at} />
            {c.editedAt > 0 && ', edited'}
          </small>
        </div>
        {props.side}
      </header>
      {props.children ?? <p className="said-text">{withMentions(c, props.mentions)}</p>}
    </div>
  )
}

function ResolveButton(props: { resolved: boolean; onResolve: () => void }) {
  const label = props.resolved ? 'Reopen' : 'Mark as resolved'
  return (
    <Tooltip label={label}>
      <button
        type="button"
        className="icon-button"
        aria-label={label}
        onClick={(event) => {
          event.stopPropagation()
          props.onResolve()
        }}
      >
        {props.resolved ? <RotateCcw aria-hidden="true" /> : <Check aria-hidden="true" />}
      </button>
    </Tooltip>
  )
}

function Actions(props: {
  comment: ThreadComment
  rights: Rights
  lead: ReactNode
  onEdit: () => void
  onDelete: () => void
}) {
  const own = props.comment.me && props.rights.comment
  const may = own || props.rights.tidy
  return (
    <div className="said-actions">
      {props.lead}
      {may && (
        <Menu
          align="end"
          trigger={
            <button type="button" className="icon-button" aria-label="More for this comment">
              <Ellipsis aria-hidden="true" />
            </button>
          }
        >
          {own && (
            <MenuItem icon={<Pencil />} onSelect={props.onEdit}>
              Change
            </MenuItem>
          )}
          <MenuItem icon={<Trash2 />} danger onSelect={props.onDelete}>
            Delete
          </MenuItem>
        </Menu>
      )}
    </div>
  )
}

/** A comment's text with the names in it marked. */
function withMentions(c: ThreadComment, others: readonly ThreadComment[]): ReactNode[] {
  const names = c.mentions
    .map((user) => others.find((o) => o.user === user && o.name !== '')?.name)
    .filter((name) => name !== undefined)
    .map((name) => `@${name}`)
  if (names.length === 0) return [c.text]
  const pattern = new RegExp(`(${names.map((n) => n.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')})`)
  return c.text.split(pattern).map((part, i) =>
    i % 2 === 1 ? (
      <span key={i} className="mention">
        {part}
      </span>
    ) : (
      part
    ),
  )
}
