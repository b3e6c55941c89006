import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { parts, shownText } from '../browser'
import { Person, says, shot } from './people'
import { claimsOf, noteClaims } from './shown'

const DISK_MB = 512

/** A small disk of its own, in memory. Needs root. */
class Disk {
  readonly dir = mkdtempSync(join(tmpdir(), 'sheaf-disk-'))
  private readonly filler = join(this.dir, 'filler')

  constructor() {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MB}m`, 'tmpfs', this.dir])
  }

  /** Takes all space that is left, as another program would. */
  fill(): void {
    const file = openSync(this.filler, 'w')
    const chunk = Buffer.alloc(1 << 20, 1)
    try {
      for (let i = 0; i < DISK_MB; i++) writeSync(file, chunk)
      throw new Error('the disk does not fill up')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    } finally {
      closeSync(file)
    }
  }

  drain(): void {
    rmSync(this.filler)
  }

  remove(): void {
    execFileSync('umount', ['-l', this.dir])
    rmSync(this.dir, { recursive: true, force: true })
  }
}

describe.skipIf(process.getuid?.() !== 0)('a full disk (needs root, to mount a small one)', () => {
  let disk: Disk
  let ada: Person
  afterEach(async () => {
    await ada.leave().finally(() => disk.remove())
  })

  it('F32: is told, keeps what was typed, and saves it when there is room again', async () => {
    disk = new Disk()
    const dir = join(disk.dir, 'data')
    mkdirSync(dir, { mode: 0o700 })
    ada = new Person({ name: 'Ada Lovelace', dir })
    await ada.daemon.start()
    const { id } = await ada.daemon.create('Full')
    const page = await ada.open(`/d/${id}`)
    await parts.text(page).click()
    await page.keyboard.type('Before. ')
    await says(page, 'On this device')
    await noteClaims(page)
    disk.fill()
    await expect.poll(async () => (await ada.daemon.status()).store.state, { timeout: 20_000 }).toBe('full')
    console.log((await ada.daemon.status()).store.message)
    await page.keyboard.type('While it is full. ', { delay: 5 })
    await expect.poll(() => parts.status(page).textContent()).toMatch(/^Not saved/)
    await parts.banner(page).waitFor()
    console.log(`${await parts.status(page).textContent()} | ${await parts.banner(page).textContent()}`)
    await shot(page, 'real-full')
    await page.waitForTimeout(3_000)
    await page.keyboard.type('And on. ', { delay: 5 })
    expect((await claimsOf(page)).saved.trim()).toBe('Before.')
    expect((await shownText(page)).trim()).toBe('Before. While it is full. And on.')
    const listed = await ada.daemon.sheaf('new', 'Another')
    console.log(`sheaf new: ${listed.status} ${listed.stderr.trim()}`)
    expect(listed.status).toBe(1)

    disk.drain()
    await says(page, 'On this device', 40_000)
    await expect.poll(() => parts.banner(page).count()).toBe(0)
    expect((await ada.daemon.text(id)).trim()).toBe('Before. While it is full. And on.')
    await ada.daemon.kill()
    expect((await ada.daemon.text(id)).trim()).toBe('Before. While it is full. And on.')
    ada.expected = /WebSocket|ERR_|Failed to (fetch|load)|status of 5\d\d/
  }, 120_000)
})
