/**
 * Drives a real Chromium. Needs nothing of the dev node: tests against the
 * daemon use it, too.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type BrowserContext, type Page } from 'playwright-core'

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Where Chromium is: $CHROMIUM, else Debian's package. */
export function findChromium(): string {
  const path = process.env.CHROMIUM ?? '/usr/bin/chromium'
  if (!existsSync(path)) {
    throw new Error(`no Chromium at ${path}: run "apt-get install -y chromium" or set CHROMIUM to its path`)
  }
  return path
}

/** A browser with a fresh profile of its own: one person. */
export interface Browser {
  context: BrowserContext
  close(): Promise<void>
}

export interface BrowserOptions {
  colorScheme?: 'light' | 'dark'
  viewport?: { width: number; height: number }
  /** Nothing fades or moves: for looking at colours. */
  still?: boolean
}

export async function openBrowser(options: BrowserOptions = {}): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'sheaf-chromium-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: findChromium(),
    args: FLAGS,
    colorScheme: options.colorScheme ?? 'light',
    reducedMotion: options.still === true ? 'reduce' : 'no-preference',
    viewport: options.viewport ?? { width: 1280, height: 860 },
  })
  await context.addInitScript(() => {
    const w = window as unknown as { cspViolations: string[] }
    w.cspViolations = []
    document.addEventListener('securitypolicyviolation', (e) => {
      w.cspViolations.push(
        `${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber} ${e.sample}`,
      )
    })
  })
  return {
    context,
    close: async () => {
      await context.close()
      rmSync(profile, { recursive: true, force: true })
    },
  }
}

/** Everything that the page's Content-Security-Policy refused since it was loaded. */
export function cspViolations(page: Page): Promise<string[]> {
  return page.evaluate(() => (window as unknown as { cspViolations: string[] }).cspViolations)
}

/** Errors that the page threw or logged, collected from now on. */
export function collectErrors(page: Page): string[] {
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text())
  })
  return errors
}

const AXE = readFileSync(join(import.meta.dirname, '../node_modules/axe-core/axe.min.js'), 'utf8')

/** Runs axe; resolves to one line per finding. Its script is evaluated by the debugger, outside the CSP. */
export async function axe(page: Page): Promise<string[]> {
  // Things that fade in have their final colours only at the end.
  await page.evaluate(() =>
    Promise.all(
      document
        .getAnimations()
        .filter((a) => a.effect?.getTiming().iterations !== Infinity)
        .map((a) => a.finished.catch(() => {})),
    ),
  )
  await page.evaluate(AXE)
  return page.evaluate(async () => {
    interface Found {
      violations: { id: string; nodes: { target: unknown; failureSummary: string }[] }[]
    }
    const { axe } = window as unknown as { axe: { run(): Promise<Found>; configure(spec: object): void } }
    // An open menu is reached by its button, not by landmarks.
    axe.configure({ rules: [{ id: 'region', selector: 'body *:not([role=menu], [role=menu] *)' }] })
    const { violations } = await axe.run()
    return violations.flatMap((v) =>
      v.nodes.map((n) => `${v.id} ${JSON.stringify(n.target)} ${n.failureSummary.replaceAll('\n', ' ')}`),
    )
  })
}

/** The page's parts by what a reader sees. */
export const parts = {
  text: (page: Page) => page.getByRole('textbox', { name: 'Document text' }),
  title: (page: Page) => page.getByRole('textbox', { name: 'Title' }),
  status: (page: Page) => page.locator('.status-chip [role=status]'),
  banner: (page: Page) => page.locator('.banner'),
  tool: (page: Page, name: string) =>
    page.getByRole('toolbar', { name: 'Formatting' }).getByRole('button', { name, exact: true }),
  carets: (page: Page) => page.locator('.caret'),
}

/** Waits until the status says exactly this. */
export async function waitForStatus(page: Page, words: string, timeout = 15_000): Promise<void> {
  await page
    .locator('.status-chip [role=status]')
    .filter({ hasText: new RegExp(`^${words.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`) })
    .waitFor({ timeout })
}

/** The document's text as the page shows it, without other people's carets. */
export function shownText(page: Page): Promise<string> {
  return parts.text(page).evaluate((element) => {
    const copy = element.cloneNode(true) as HTMLElement
    for (const extra of copy.querySelectorAll('.caret, .ProseMirror-trailingBreak')) extra.remove()
    return [...copy.children].map((c) => c.textContent).join('\n')
  })
}

/** Waits until the page shows a text, carets aside; resolves to all of it. */
export async function waitForText(page: Page, part: string, timeoutMs = 15_000): Promise<string> {
  const end = Date.now() + timeoutMs
  for (;;) {
    const shown = await shownText(page)
    if (shown.includes(part)) return shown
    if (Date.now() > end)
      throw new Error(`waited for ${JSON.stringify(part)}; shown: ${JSON.stringify(shown)}`)
    await page.waitForTimeout(20)
  }
}
