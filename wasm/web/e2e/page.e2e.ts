import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  axe,
  collectErrors,
  cspViolations,
  openBrowser,
  parts,
  shownText,
  waitForStatus,
  type Browser,
} from './browser'
import { DevMesh, DevNode } from './devnode'
import { DevServer } from './devserver'

/** Set SHOTS to a directory to keep screenshots. */
const SHOTS = process.env.SHOTS

let browser: Browser
let mesh: DevMesh
let ada: DevServer
let bob: DevServer
const pages: { page: Page; errors: string[] }[] = []

beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser?.close())

beforeEach(async () => {
  mesh = new DevMesh()
  ada = new DevServer(new DevNode(mesh, { name: 'Ada Lovelace', fsyncMs: 20 }))
  bob = new DevServer(new DevNode(mesh, { name: 'Bob Noyce', fsyncMs: 20 }))
  await ada.start()
  await bob.start()
})

afterEach(async () => {
  const seen = await Promise.all(
    pages.splice(0).map(async ({ page, errors }) => {
      const csp = await cspViolations(page).catch(() => [])
      await page.close({ runBeforeUnload: false })
      return { csp, errors }
    }),
  )
  await ada.stop()
  await bob.stop()
  expect(
    seen.flatMap((s) => s.csp),
    'violations of the CSP',
  ).toEqual([])
  expect(
    seen.flatMap((s) => s.errors).filter((e) => !expected.test(e)),
    'errors in the console',
  ).toEqual([])
  expected = /^$/
})
/** Console errors that a test brings about on purpose. */
let expected = /^$/

async function open(server: DevServer, path = '/'): Promise<Page> {
  const page = await browser.context.newPage()
  pages.push({ page, errors: collectErrors(page) })
  await page.goto(server.open)
  if (path !== '/') await page.goto(server.origin + path)
  return page
}

async function shot(page: Page, name: string): Promise<void> {
  if (SHOTS === undefined) return
  mkdirSync(SHOTS, { recursive: true })
  await page.screenshot({ path: join(SHOTS, `${name}.png`) })
}

/** A document on both nodes. */
function shared(title = 'Notes on the engine'): string {
  const { id } = ada.node.create(title)
  bob.node.join(id)
  return id
}

describe('the editor', () => {
  it('opens a new document, takes typing, and says where it is', async () => {
    const page = await open(ada)
    await page.getByRole('button', { name: 'New document' }).first().click()
    await parts.text(page).click()
    await page.keyboard.type('Hello, world.')
    await waitForStatus(page, 'On this device')
    expect(await shownText(page)).toBe('Hello, world.')
    await parts.title(page).fill('First')
    await waitForStatus(page, 'On this device')
    expect(await page.title()).toBe('First – Sheaf')
    expect(ada.node.list()[0]!.title).toBe('First')
    await page.reload()
    await page.getByText('Hello, world.').waitFor()
    expect(await parts.title(page).inputValue()).toBe('First')
  })
})
