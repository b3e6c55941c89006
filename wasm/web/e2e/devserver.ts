/** Serves a DevNode to a browser: the built page, the API and its sockets, with the shipped CSP. */
import { randomBytes } from 'node:crypto'
import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Methods } from '../src/api/types'
import { comments } from './devcomments'
import { ownOf, sharing } from './devsharing'
import { DevNode } from './devnode'

const WEB = join(import.meta.dirname, '..')
const DIST = join(WEB, 'dist')
const CSP = readFileSync(join(WEB, 'csp.txt'), 'utf8').trim()

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}

/** Methods that a file of their own answers, by the beginning of their names. */
const AREAS: Record<string, (node: DevNode, method: string, body: unknown) => unknown> = {
  'comments.': comments,
}

export class DevServer {
  private server: Server | undefined
  private readonly sockets = new Set<WebSocket>()
  private readonly token = randomBytes(16).toString('hex')
  port = 0

  constructor(readonly node: DevNode) {}

  get origin(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** The address that lets a browser in. */
  get open(): string {
    return `${this.origin}/open?token=${this.token}`
  }

  /** Listens; on the same port as before when there was one. */
  async start(): Promise<void> {
    const server = createServer((request, response) => void this.serve(request, response))
    const sockets = new WebSocketServer({ noServer: true })
    server.on('upgrade', (request, socket, head) => {
      if (!this.allowed(request)) {
        socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n')
        return
      }
      sockets.handleUpgrade(request, socket, head, (ws) => this.attach(request.url ?? '', ws))
    })
    await new Promise<void>((done) => server.listen(this.port, '127.0.0.1', done))
    this.port = (server.address() as AddressInfo).port
    this.server = server
  }

  /** Stops listening and drops every connection, as a killed daemon does. */
  async stop(): Promise<void> {
    const server = this.server
    this.server = undefined
    for (const ws of this.sockets) ws.terminate()
    server?.closeAllConnections()
    await new Promise<void>((done) => (server === undefined ? done() : server.close(() => done())))
  }

  /** Cookies know no ports: each node on one host needs a name of its own. */
  private allowed(request: IncomingMessage): boolean {
    return (request.headers.cookie ?? '').includes(`sheaf_${this.port}=${this.token}`)
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.origin)
    response.setHeader('Content-Security-Policy', CSP)
    response.setHeader('X-Content-Type-Options', 'nosniff')
    response.setHeader('Referrer-Policy', 'no-referrer')
    response.setHeader('Cache-Control', 'no-store')
    if (url.pathname === '/open' && url.searchParams.get('token') === this.token) {
      response.setHeader('Set-Cookie', `sheaf_${this.port}=${this.token}; HttpOnly; SameSite=Strict; Path=/`)
      response.writeHead(303, { Location: '/' }).end()
    } else if (url.pathname.startsWith('/api/')) {
      await this.api(url.pathname.slice('/api/'.length), request, response)
    } else {
      const file = normalize(join(DIST, url.pathname))
      const found = file.startsWith(DIST) && extname(file) !== '' && existsSync(file)
      if (!found && url.pathname.startsWith('/assets/')) {
        response.writeHead(404).end()
        return
      }
      const path = found ? file : join(DIST, 'index.html')
      response.writeHead(200, { 'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream' })
      createReadStream(path).pipe(response)
    }
  }

  private async api(method: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = (status: number, body: unknown) =>
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
    if (!this.allowed(request)) {
      answer(401, { error: { code: 'unauthorized', message: 'This browser is not let in.' } })
      return
    }
    let text = ''
    for await (const chunk of request) text += String(chunk)
    try {
      answer(200, this.call(method, JSON.parse(text)))
    } catch (error) {
      const { message } = error as Error
      if (error instanceof Locked) answer(423, { error: { code: 'locked', message } })
      else answer(404, { error: { code: 'not_found', message } })
    }
  }

  private call(method: string, body: Record<string, never>): unknown {
    const node = this.node
    const r = body as Record<string, string> & { trashed?: boolean; offline?: boolean }
    if (ownOf(node).locked && !method.startsWith('lock.')) throw new Locked('Sheaf is locked.')
    const answer = sharing(node, method, body)
    if (answer !== undefined) return answer
    const area = Object.keys(AREAS).find((prefix) => method.startsWith(prefix))
    if (area !== undefined) return AREAS[area]!(node, method, body)
    const methods: { [M in keyof Methods]?: () => Methods[M]['answer'] } = {
      'documents.list': () => ({ documents: node.list() }),
      'documents.create': () => node.create(r.title!),
      'documents.rename': () => node.rename(r.id!, r.title!),
      'documents.trash': () => node.trash(r.id!, r.trashed === true),
      'documents.share': () => ({
        link: `sheaf://join#v1.${r.id}`,
        web: `${this.origin}/#v1.${r.id}`,
        role: 'editor',
      }),
      'documents.join': () => node.join(/#v1\.([A-Za-z0-9_-]{43})/.exec(r.link!)?.[1] ?? fail('bad link')),
      'documents.export': () => ({ content: node.text(r.id!), late: { count: 0, text: '' } }),
      status: () => node.status(),
      'network.set': () => node.setOffline(r.offline === true),
      'profile.set': () => node.setName(r.name!),
    }
    const found = methods[method as keyof Methods]
    return found === undefined ? fail(`no method ${method}`) : found()
  }

  private attach(url: string, ws: WebSocket): void {
    this.sockets.add(ws)
    ws.on('close', () => this.sockets.delete(ws))
    if (url === '/api/events') {
      ws.send(JSON.stringify({ type: 'status', status: this.node.status() }))
      const stop = this.node.onEvent((event) => ws.send(JSON.stringify(event)))
      ws.on('close', stop)
      return
    }
    const id = /^\/api\/documents\/([^/]+)\/edit$/.exec(url)?.[1]
    if (id === undefined || !this.node.docs.has(id)) {
      ws.close(1008)
      return
    }
    const end = this.node.attach(id, { send: (frame) => ws.send(frame), close: () => ws.close() })
    ws.on('message', (data: Buffer, binary) =>
      end.receive(binary ? new Uint8Array(data) : data.toString('utf8')),
    )
    ws.on('close', () => end.gone())
  }
}

class Locked extends Error {}

function fail(message: string): never {
  throw new Error(message)
}
