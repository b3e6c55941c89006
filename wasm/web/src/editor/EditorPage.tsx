import { useEffect, useState } from 'react'
import type { DocumentInfo } from '../api/types'
import { useApp } from '../app/store'
import { PageSkeleton } from '../app/App'
import { go } from '../app/router'
import { useThreads } from '../comments/threads'
import { ConnectionBanner } from '../home/ConnectionBanner'
import { fillCopy } from './duplicate'
import { EditorHeader } from './EditorHeader'
import { StatusBanner } from './Status'
import { Surface } from './Surface'
import { useProvider, useProviderState } from './useProvider'
import { lazily } from '../ui/lazily'
import '../styles/editor.css'
import '../styles/prose.css'

const MemberBanner = lazily(() => import('./MemberBanner').then((m) => m.default))
const ShareDialog = lazily(() => import('../sharing/ShareDialog').then((m) => m.default))
const InfoDialog = lazily(() => import('./InfoDialog').then((m) => m.default))
const ProfileDialog = lazily(() => import('../home/dialogs').then((m) => m.ProfileDialog))
const AsideDialog = lazily(() => import('./AsideDialog').then((m) => m.default))

/** The page of one document. */
export default function EditorPage({ id }: { id: string }) {
  // Words only: the document itself is another object after every keystroke's event.
  const state = useApp((s) =>
    s.documents === undefined ? 'unknown' : stateOf(s.documents.find((d) => d.id === id)),
  )
  const notable = useApp((s) => isNotable(s.documents?.find((d) => d.id === id)))
  const joining = state === 'joining'
  const missing = state === 'missing'
  const provider = useProvider(id, !missing && !joining)
  const ready = useProviderState(provider, (s) => s.ready) ?? false
  const threads = useThreads(id, ready)
  const [dialog, setDialog] = useState<'share' | 'profile' | 'info' | 'aside'>()

  useCloseWarning(() => (provider?.unsaved ?? 0) > 0)
  useEffect(() => {
    if (provider !== undefined && ready) fillCopy(id, provider)
  }, [id, provider, ready])

  if (missing) return <NoDocument />
  return (
    <div className="editor-page">
      <a className="skip-link" href="#text" onClick={skipToText}>
        Skip to the text
      </a>
      <EditorHeader
        id={id}
        provider={provider}
        threads={threads}
        onShare={() => setDialog('share')}
        onProfile={() => setDialog('profile')}
        onInfo={() => setDialog('info')}
      />
      {provider === undefined ? <ConnectionBanner /> : <StatusBanner id={id} provider={provider} />}
      {notable && <MemberBanner id={id} provider={provider} onAside={() => setDialog('aside')} />}
      {joining ? (
        <Joining />
      ) : provider !== undefined && ready ? (
        <Surface provider={provider} threads={threads} />
      ) : (
        <>
          <div className="toolbar" />
          <main className="canvas" aria-busy="true" aria-label="Opening the document">
            <div className="sheet">
              <PageSkeleton />
            </div>
          </main>
        </>
      )}
      <>
        {dialog === 'share' && <ShareDialog id={id} onClose={() => setDialog(undefined)} />}
        {dialog === 'info' && <InfoDialog id={id} onClose={() => setDialog(undefined)} />}
        {dialog === 'aside' && (
          <AsideDialog
            id={id}
            onInsert={provider?.editable === true ? insertText : undefined}
            onClose={() => setDialog(undefined)}
          />
        )}
        {dialog === 'profile' && <ProfileDialog onClose={() => setDialog(undefined)} />}
      </>
    </div>
  )
}

/** A guest who waits to be let in may write already. */
function stateOf(d: DocumentInfo | undefined): DocumentInfo['state'] | 'missing' {
  return d === undefined ? 'missing' : d.state === 'joining' && d.waiting === true ? 'ready' : d.state
}

/** There is something to say about what the reader may do here, a copied key, or edits set aside. */
function isNotable(d: DocumentInfo | undefined): boolean {
  if (d === undefined) return false
  const plain = d.role === 'owner' || d.role === 'editor'
  return !plain || d.state === 'removed' || d.waiting === true || d.forked === true || (d.aside ?? 0) > 0
}

/** Puts a text where the caret is, as an edit of the reader's own. */
function insertText(text: string): void {
  document
    .querySelector<HTMLElement>('.ProseMirror')
    ?.dispatchEvent(new CustomEvent('sheaf:insert', { detail: text }))
}

/** Asks before closing the tab, only while that would lose something. */
function useCloseWarning(unsaved: () => boolean): void {
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => {
      if (unsaved()) event.preventDefault()
    }
    window.addEventListener('beforeunload', warn)
    return () => window.removeEventListener('beforeunload', warn)
  })
}

function skipToText(event: React.MouseEvent): void {
  event.preventDefault()
  document.querySelector<HTMLElement>('.ProseMirror')?.focus()
}

function Joining() {
  return (
    <main className="canvas">
      <div className="sheet sheet-note" role="status">
        <h1>Waiting for someone who has this document</h1>
        <p>
          You joined by a link. As soon as a device that has the document can be reached, it is fetched and
          opens here by itself. You may close this page; Sheaf goes on trying.
        </p>
        <PageSkeleton />
      </div>
    </main>
  )
}

function NoDocument() {
  return (
    <main className="lonely">
      <h1>This document is not on this device</h1>
      <p>It may have been opened with another account of this computer, or the address is incomplete.</p>
      <button type="button" className="button" onClick={() => go({ page: 'home' })}>
        All documents
      </button>
    </main>
  )
}
