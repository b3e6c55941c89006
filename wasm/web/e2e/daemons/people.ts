/** People, each with a node and a Chromium of their own, whose pages must stay free of errors. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import {
  collectErrors,
  cspViolations,
  openBrowser,
  parts,
  waitForStatus,
  type Browser,
  type BrowserOptions,
} from '../browser'
import { Daemon, type DaemonConfig } from './daemon'

/** Set SHOTS to a directory to keep screenshots. */
const SHOTS = process.env.SHOTS

/** What Chromium itself says when the node is away. */
export const CONNECTION = /WebSocket|Failed to (fetch|load)|ERR_/

/** One person: a node, a browser, and what their pages complained of. */
export class Person {
  readonly daemon: Daemon
  /** Console errors that a test brings about on purpose. */
  expected: RegExp | undefined
  private browser: Browser | undefined
  private signedIn = false
  private readonly pages: { page: Page; errors: string[] }[] = []

  constructor(
    config: DaemonConfig,
    private readonly look: BrowserOptions = {},
  ) {
    this.daemon = new Daemon(config)
  }

  /** A page of the person's node. The first one signs the browser in. */
  async open(path = '/'): Promise<Page> {
    this.browser ??= await openBrowser(this.look)
    const page = await this.browser.context.newPage()
    this.pages.push({ page, errors: collectErrors(page) })
    if (!this.signedIn) {
      await page.goto(this.daemon.link)
      this.signedIn = true
    }
    if (new URL(page.url(), this.daemon.origin).pathname !== path || page.url() === 'about:blank')
      await page.goto(this.daemon.origin + path)
    return page
  }

  /** Takes a page away without asking it, as a crash of the browser does. */
  async destroy(page: Page): Promise<void> {
    const at = this.pages.findIndex((p) => p.page === page)
    if (at >= 0) this.pages.splice(at, 1)
    await page.close({ runBeforeUnload: false })
  }

  /** Ends everything of the person; fails when a page complained. */
  async leave(): Promise<void> {
    const csp: string[] = []
    const errors: string[] = []
    for (const { page, errors: seen } of this.pages) {
      csp.push(...(await cspViolations(page).catch(() => [])))
      errors.push(...seen)
    }
    await this.browser?.close()
    await this.daemon.remove()
    expect(csp, `violations of the CSP in ${this.daemon.name}'s pages`).toEqual([])
    expect(
      errors.filter((e) => this.expected?.test(e) !== true),
      `errors in the console of ${this.daemon.name}'s pages`,
    ).toEqual([])
  }
}

/** Ends several people, whatever becomes of the first. */
export async function leave(...people: Person[]): Promise<void> {
  const results = await Promise.allSettled(people.map((p) => p.leave()))
  for (const r of results) if (r.status === 'rejected') throw r.reason
}

export async function shot(page: Page, name: string): Promise<void> {
  if (SHOTS === undefined) return
  mkdirSync(SHOTS, { recursive: true })
  await page.screenshot({ path: join(SHOTS, `${name}.png`) })
}

/** Waits until the status says exactly this; tells what it said instead. */
export async function says(page: Page, words: string, timeoutMs = 15_000): Promise<void> {
  try {
    await waitForStatus(page, words, timeoutMs)
  } catch {
    const said = await parts.status(page).textContent()
    const banner = (await parts.banner(page).allTextContents()).join(' ')
    throw new Error(`the status says ${JSON.stringify(said)} ${banner}, not ${JSON.stringify(words)}`)
  }
}

/** Waits until all nodes hold the same state of a document; resolves to its hash. */
export async function converged(id: string, ...daemons: Daemon[]): Promise<string> {
  const end = Date.now() + 20_000
  for (;;) {
    const hashes = await Promise.all(daemons.map((d) => d.document(id).then((info) => info.hash)))
    if (hashes.every((h) => h !== '' && h === hashes[0])) return hashes[0]!
    if (Date.now() > end) throw new Error(`the nodes differ: ${hashes.join(' ')}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
