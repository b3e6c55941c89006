/** Comments of the dev node: threads that all nodes of a mesh share at once. */
import { randomBytes } from 'node:crypto'
import type { Thread, ThreadComment } from '../src/api/types'
import type { DevMesh, DevNode } from './devnode'

interface Request {
  id: string
  thread: string
  comment: string
  anchor: Thread['anchor']
  quote: string
  text: string
  mentions: string[]
  resolved: boolean
}

const meshes = new WeakMap<DevMesh, Map<string, Thread[]>>()

/** The threads of a document, as one of its nodes sees them. */
function threadsOf(node: DevNode, id: string): Thread[] {
  const documents = meshes.get(node.mesh) ?? new Map<string, Thread[]>()
  meshes.set(node.mesh, documents)
  const threads = documents.get(id) ?? []
  documents.set(id, threads)
  return threads
}

function seenBy(node: DevNode, t: Thread): Thread {
  return { ...t, comments: t.comments.map((c) => ({ ...c, me: c.device === node.device })) }
}

function said(node: DevNode, r: Request): ThreadComment {
  if (r.text === '') throw new Error('a comment says something')
  return {
    id: randomBytes(32).toString('base64url'),
    user: node.device,
    device: node.device,
    name: node.name,
    me: true,
    text: r.text,
    at: Date.now(),
    editedAt: 0,
    deleted: false,
    mentions: r.mentions,
  }
}

/** Answers the methods for comments. */
export function comments(node: DevNode, method: string, request: unknown): unknown {
  const r = request as Request
  const threads = threadsOf(node, r.id)
  const role = node.must(r.id).role
  if (method === 'comments.list')
    return {
      threads: threads.filter((t) => t.comments.some((c) => !c.deleted)).map((t) => seenBy(node, t)),
    }
  if (role === 'viewer') throw new Error('this device may read but not comment')
  const thread = () => threads.find((t) => t.id === r.thread) ?? fail('no such thread')
  const comment = () =>
    threads.flatMap((t) => t.comments).find((c) => c.id === r.comment) ?? fail('no such comment')
  const answer = change()
  for (const n of node.mesh.nodes) if (n.docs.has(r.id)) n.emit({ type: 'comments', id: r.id })
  return answer

  function change(): unknown {
    switch (method) {
      case 'comments.add': {
        const first = said(node, r)
        const made: Thread = {
          id: first.id,
          anchor: r.anchor,
          quote: r.quote,
          resolved: false,
          resolvedBy: '',
          missing: false,
          comments: [first],
        }
        threads.push(made)
        return seenBy(node, made)
      }
      case 'comments.reply':
        thread().comments.push(said(node, r))
        return seenBy(node, thread())
      case 'comments.edit': {
        const c = comment()
        if (c.device !== node.device) fail('not yours')
        Object.assign(c, { text: r.text, mentions: r.mentions, editedAt: Date.now() })
        return {}
      }
      case 'comments.delete':
        Object.assign(comment(), { text: '', mentions: [], deleted: true })
        return {}
      case 'comments.resolve':
        Object.assign(thread(), { resolved: r.resolved, resolvedBy: node.device })
        return {}
    }
    return fail(`no method ${method}`)
  }
}

function fail(message: string): never {
  throw new Error(message)
}
