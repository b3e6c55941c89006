/** Two people with a dev node each, and pages that must stay free of errors and CSP violations. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { collectErrors, cspViolations, openBrowser, type Browser, type BrowserOptions } from './browser'
import { DevMesh, DevNode } from './devnode'
import { DevServer } from './devserver'

/** Set SHOTS to a directory to keep screenshots. */
const SHOTS = process.env.SHOTS

export class Harness {
  browser!: Browser
  ada!: DevServer
  bob!: DevServer
  /** Console errors that a test brings about on purpose. */
  expected: RegExp | undefined
  private readonly pages: { page: Page; errors: string[] }[] = []

  /** A page of one of the nodes, let in by its token. */
  async open(server: DevServer, path = '/'): Promise<Page> {
    const page = await this.browser.context.newPage()
    this.pages.push({ page, errors: collectErrors(page) })
    await page.goto(server.open)
    if (path !== '/') await page.goto(server.origin + path)
    return page
  }

  /** A document that both nodes have. */
  shared(title = 'Notes on the engine'): string {
    const { id } = this.ada.node.create(title)
    this.bob.node.join(id)
    return id
  }

  async shot(page: Page, name: string): Promise<void> {
    if (SHOTS === undefined) return
    mkdirSync(SHOTS, { recursive: true })
    await page.screenshot({ path: join(SHOTS, `${name}.png`) })
  }

  async begin(): Promise<void> {
    const mesh = new DevMesh()
    this.expected = undefined
    this.ada = new DevServer(new DevNode(mesh, { name: 'Ada Lovelace', fsyncMs: 20 }))
    this.bob = new DevServer(new DevNode(mesh, { name: 'Bob Noyce', fsyncMs: 20 }))
    await this.ada.start()
    await this.bob.start()
  }

  async end(): Promise<void> {
    const csp: string[] = []
    const errors: string[] = []
    for (const { page, errors: seen } of this.pages.splice(0)) {
      csp.push(...(await cspViolations(page).catch(() => [])))
      errors.push(...seen)
      await page.close({ runBeforeUnload: false })
    }
    await this.ada.stop()
    await this.bob.stop()
    expect(csp, 'violations of the CSP').toEqual([])
    expect(
      errors.filter((e) => this.expected?.test(e) !== true),
      'errors in the console',
    ).toEqual([])
  }
}

/** Registers the harness with the tests of a file. */
export function useHarness(options: BrowserOptions = {}): Harness {
  const h = new Harness()
  beforeAll(async () => {
    h.browser = await openBrowser(options)
  })
  afterAll(() => h.browser?.close())
  beforeEach(() => h.begin())
  afterEach(() => h.end())
  return h
}
