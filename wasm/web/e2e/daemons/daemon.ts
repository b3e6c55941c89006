/**
 * Runs real `sheaf` programs for the browser tests: each with a data directory
 * and ports of its own, on loopback only. They are ended by their process id.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DocumentInfo, NodeStatus, ShareLink } from '../../src/api/types'

const START_TIMEOUT_MS = 30_000
const COMMAND_TIMEOUT_MS = 30_000

/** Where the program is: $SHEAF, else what `make bin/sheaf` built. */
export function findSheaf(): string {
  const path = process.env.SHEAF ?? join(import.meta.dirname, '../../../../bin/sheaf')
  if (!existsSync(path)) throw new Error(`no program at ${path}: run "make bin/sheaf", or set SHEAF`)
  return path
}

export interface DaemonConfig {
  name: string
  /** Default: a new one, removed at the end. */
  dir?: string
  env?: Record<string, string>
}

/** What a command printed and how it ended. */
export interface Finished {
  status: number
  stdout: string
  stderr: string
}

/** A document as the node lists it, with the hash of its state. */
export type HashedDocument = DocumentInfo & { hash: string }

/** One person's node. */
export class Daemon {
  readonly dir: string
  readonly name: string
  env: Record<string, string>
  /** "http://127.0.0.1:PORT"; the same after a restart. */
  origin = ''
  /** The one-time address that signs a browser in. */
  link = ''
  /** All that the program wrote to standard error, over all its runs. */
  log = ''
  private child: ChildProcess | undefined
  private p2pPort = 0
  private readonly ownDir: boolean

  constructor(config: DaemonConfig) {
    this.name = config.name
    this.env = config.env ?? {}
    this.ownDir = config.dir === undefined
    this.dir = config.dir ?? mkdtempSync(join(tmpdir(), 'sheaf-e2e-'))
  }

  /** Starts the program; resolves when its page answers. */
  async start(): Promise<void> {
    this.p2pPort ||= await freePort()
    const udp = `/ip4/127.0.0.1/udp/${this.p2pPort}/quic-v1`
    const tcp = `/ip4/127.0.0.1/tcp/${this.p2pPort}`
    // After the first start the program takes its own port again, as for a user.
    const listen = this.origin === '' ? ['--listen', '127.0.0.1:0'] : []
    const child = spawn(
      findSheaf(),
      ['--dir', this.dir, 'serve', ...listen, '--no-mdns', '--p2p', udp, '--p2p', tcp, '--name', this.name],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...this.env } },
    )
    this.child = child
    let out = ''
    child.stderr!.on('data', (chunk: Buffer) => (this.log += chunk.toString()))
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => fail('did not answer in time'), START_TIMEOUT_MS)
      const fail = (what: string) => {
        clearTimeout(timer)
        reject(new Error(`sheaf serve of ${this.name} ${what}\n${out}${this.log}`))
      }
      child.once('exit', (code, signal) => fail(`ended: ${code ?? signal}`))
      child.once('error', (error) => fail(String(error)))
      child.stdout!.on('data', (chunk: Buffer) => {
        out += chunk.toString()
        const link = /(http:\/\/\S+)\/open\?token=\S+/.exec(out)
        if (link === null || !out.endsWith('\n')) return
        clearTimeout(timer)
        const origin = link[1]!
        if (this.origin !== '' && this.origin !== origin) fail(`moved from ${this.origin} to ${origin}`)
        this.origin = origin
        this.link = link[0]
        resolve()
      })
    })
    child.removeAllListeners('exit')
  }

  get running(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null
  }

  get pid(): number {
    return this.child!.pid!
  }

  /** Takes the process away from one moment to the next. */
  kill(): Promise<void> {
    return this.end('SIGKILL')
  }

  /** Asks it to end, as Ctrl+C does. */
  stop(): Promise<void> {
    return this.end('SIGINT')
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.child
    if (child === undefined || !this.running) return
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    child.kill(signal)
    const timer = setTimeout(() => child.kill('SIGKILL'), 20_000)
    await gone
    clearTimeout(timer)
  }

  /** Ends it and removes its directory. */
  async remove(): Promise<void> {
    await this.kill()
    if (this.ownDir) rmSync(this.dir, { recursive: true, force: true })
  }

  /** Runs a command on this node's directory. */
  sheaf(...args: string[]): Promise<Finished> {
    return new Promise((resolve, reject) => {
      execFile(
        findSheaf(),
        ['--dir', this.dir, ...args],
        {
          timeout: COMMAND_TIMEOUT_MS,
          maxBuffer: 64 << 20,
          // The hooks of the node under test are not for the command.
          env: { ...process.env, SHEAF_TEST_SYNC_DELAY: '' },
        },
        (error, stdout, stderr) => {
          if (error !== null && typeof error.code !== 'number') reject(error)
          else resolve({ status: Number(error?.code ?? 0), stdout, stderr })
        },
      )
    })
  }

  /** One request to the API, as a program of this user makes it. */
  async call<T>(method: string, body: object = {}): Promise<T> {
    const { token } = JSON.parse(readFileSync(join(this.dir, 'api.json'), 'utf8')) as { token: string }
    const answer = await fetch(`${this.origin}/api/${method}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    })
    const value: unknown = await answer.json()
    if (!answer.ok) throw new Error(`${method}: ${answer.status} ${JSON.stringify(value)}`)
    return value as T
  }

  /** A fresh one-time address that signs a browser in. */
  async openLink(): Promise<string> {
    const { stdout } = await this.sheaf('--no-browser')
    const link = /http:\/\/\S+\/open\?token=\S+/.exec(stdout)
    if (link === null) throw new Error(`no link in ${stdout}`)
    return link[0]
  }

  create(title: string): Promise<DocumentInfo> {
    return this.call('documents.create', { title })
  }

  share(id: string): Promise<ShareLink> {
    return this.call('documents.share', { id })
  }

  status(): Promise<NodeStatus> {
    return this.call('status')
  }

  async document(id: string): Promise<HashedDocument> {
    const { documents } = await this.call<{ documents: HashedDocument[] }>('documents.list', { hash: true })
    const found = documents.find((d) => d.id === id)
    if (found === undefined) throw new Error(`${this.name} has no document ${id}`)
    return found
  }

  /** What `sheaf export` prints, with or without the node running. */
  async text(id: string): Promise<string> {
    const { status, stdout, stderr } = await this.sheaf('export', id)
    if (status !== 0) throw new Error(`export: ${stderr}`)
    return stdout
  }
}

/** A port that is free for TCP and UDP. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = await new Promise<number>((resolve, reject) => {
      const server = createServer().once('error', reject)
      server.listen(0, '127.0.0.1', () => {
        const { port } = server.address() as { port: number }
        server.close(() => resolve(port))
      })
    })
    const free = await new Promise<boolean>((resolve) => {
      const socket = createSocket('udp4')
      socket.once('error', () => resolve(false))
      socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)))
    })
    if (free) return port
  }
}
