import { FilePlus2, Link2, Trash2 } from 'lucide-react'
import { useEffect, useState } from 'react'
import { call, messageOf } from '../api/rpc'
import type { DocumentInfo } from '../api/types'
import { go } from '../app/router'
import { store, useApp } from '../app/store'
import { toast } from '../ui/toast'
import { ConnectionBanner } from './ConnectionBanner'
import { DocumentRow } from './DocumentRow'
import { HomeHeader } from './HomeHeader'
import { lazily } from '../ui/lazily'

const dialogs = () => import('./dialogs')
const JoinDialog = lazily(() => dialogs().then((m) => m.JoinDialog))
const ProfileDialog = lazily(() => dialogs().then((m) => m.ProfileDialog))
const RenameDialog = lazily(() => dialogs().then((m) => m.RenameDialog))
const BecomeDialog = lazily(() => import('../devices/BecomeDialog').then((m) => m.default))

type Open =
  | { dialog: 'join' }
  | { dialog: 'profile' }
  | { dialog: 'become' }
  | { dialog: 'rename'; document: DocumentInfo }

/** The list of documents, or of those in the trash. */
export function Home({ trash }: { trash: boolean }) {
  const documents = useApp((s) => s.documents)
  const [open, setOpen] = useState<Open>()
  const close = () => setOpen(undefined)
  const shown = documents?.filter((d) => d.trashed === trash).sort((a, b) => b.updatedAt - a.updatedAt)
  const trashed = documents?.filter((d) => d.trashed).length ?? 0
  useEffect(() => {
    document.title = trash ? 'Trash – Sheaf' : 'Sheaf'
  }, [trash])

  return (
    <div className="home">
      <HomeHeader onProfile={() => setOpen({ dialog: 'profile' })} />
      <ConnectionBanner />
      <main className="home-main">
        <div className="home-top">
          <h1>{trash ? 'Trash' : 'Documents'}</h1>
          {trash ? (
            <a className="button" href="/" onClick={(e) => follow(e, () => go({ page: 'home' }))}>
              Back to documents
            </a>
          ) : (
            <div className="home-actions">
              <button type="button" className="button" onClick={() => setOpen({ dialog: 'join' })}>
                <Link2 aria-hidden="true" /> Join
              </button>
              <button type="button" className="button button-primary" onClick={() => void create()}>
                <FilePlus2 aria-hidden="true" /> New document
              </button>
            </div>
          )}
        </div>
        {shown === undefined ? (
          <ListSkeleton />
        ) : shown.length === 0 ? (
          <Empty
            trash={trash}
            onJoin={() => setOpen({ dialog: 'join' })}
            onBecome={() => setOpen({ dialog: 'become' })}
          />
        ) : (
          <ul className="documents" aria-label={trash ? 'Documents in the trash' : 'Documents'}>
            {shown.map((d) => (
              <DocumentRow
                key={d.id}
                document={d}
                onRename={() => setOpen({ dialog: 'rename', document: d })}
                onTrash={(away) => void moveToTrash(d, away)}
              />
            ))}
          </ul>
        )}
        {!trash && trashed > 0 && (
          <a className="quiet-link" href="/trash" onClick={(e) => follow(e, () => go({ page: 'trash' }))}>
            <Trash2 aria-hidden="true" /> Trash ({trashed})
          </a>
        )}
      </main>
      <>
        {open?.dialog === 'join' && <JoinDialog onClose={close} />}
        {open?.dialog === 'profile' && <ProfileDialog onClose={close} />}
        {open?.dialog === 'become' && <BecomeDialog onClose={close} />}
        {open?.dialog === 'rename' && <RenameDialog document={open.document} onClose={close} />}
      </>
    </div>
  )
}

/** Follows a link inside the page, unless the reader asked for another tab. */
export function follow(event: React.MouseEvent, inside: () => void): void {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return
  event.preventDefault()
  inside()
}

async function create(): Promise<void> {
  try {
    const made = await call('documents.create', { title: '' })
    store.put(made)
    go({ page: 'document', id: made.id })
  } catch (error) {
    toast(messageOf(error), { tone: 'problem' })
  }
}

async function moveToTrash(d: DocumentInfo, trashed: boolean): Promise<void> {
  try {
    store.put(await call('documents.trash', { id: d.id, trashed }))
    const title = d.title.trim() === '' ? 'Untitled document' : d.title
    toast(trashed ? `“${title}” is in the trash.` : `“${title}” is back in your documents.`, {
      action: { label: 'Undo', run: () => void moveToTrash(d, !trashed) },
    })
  } catch (error) {
    toast(messageOf(error), { tone: 'problem' })
  }
}

function Empty({ trash, onJoin, onBecome }: { trash: boolean; onJoin: () => void; onBecome: () => void }) {
  if (trash) {
    return (
      <div className="empty">
        <Trash2 aria-hidden="true" />
        <h2>The trash is empty</h2>
        <p>Documents that you put in the trash wait here until you take them back.</p>
      </div>
    )
  }
  return (
    <div className="empty">
      <FilePlus2 aria-hidden="true" />
      <h2>Write the first document</h2>
      <p>
        It is kept on this device. Share it by a link when you want to write with someone; nobody else can
        read it, and no server is in between.
      </p>
      <div className="home-actions">
        <button type="button" className="button" onClick={onJoin}>
          Join with a link
        </button>
        <button type="button" className="button button-primary" onClick={() => void create()}>
          New document
        </button>
      </div>
      <button type="button" className="link-button" onClick={onBecome}>
        This is another device of mine
      </button>
    </div>
  )
}

function ListSkeleton() {
  return (
    <div className="documents documents-skeleton" aria-busy="true" aria-label="Loading documents">
      {[1, 2, 3].map((n) => (
        <div className="document-row" key={n} aria-hidden="true">
          <i className="skeleton-line" />
        </div>
      ))}
    </div>
  )
}
