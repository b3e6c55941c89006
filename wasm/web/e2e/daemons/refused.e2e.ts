import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser, parts } from '../browser'
import { converged, leave, Person, says, shot } from './people'

/** What a page of another origin tried, and what came of it. */
interface Attempt {
  what: string
  came: string
}

/** Serves an empty page, as some other program on this computer or a site would. */
async function strangerSite(): Promise<{ server: Server; port: number }> {
  const server = createServer((_, answer) => {
    answer.setHeader('Content-Type', 'text/html')
    answer.end('<!doctype html><title>Stranger</title><p>Hello')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, port: (server.address() as { port: number }).port }
}

describe('what does not come from the reader', () => {
  const ada = new Person({ name: 'Ada Lovelace' })
  const bob = new Person({ name: 'Bob Noyce' })
  let id: string

  beforeAll(async () => {
    await Promise.all([ada.daemon.start(), bob.daemon.start()])
    id = (await ada.daemon.create('Private')).id
  })
  afterAll(() => leave(ada, bob))

  it('F27: a page of another origin in the same browser reads and changes nothing', async () => {
    const own = await ada.open(`/d/${id}`)
    await parts.text(own).click()
    await own.keyboard.type('Nobody else may read this.')
    await says(own, 'On this device')
    const { server, port } = await strangerSite()
    try {
      // 127.0.0.1 on another port is the hardest: the browser calls it the same site
      // and sends even Strict cookies along.
      for (const host of ['127.0.0.1', 'localhost']) {
        const page = await own.context().newPage()
        await page.goto(`http://${host}:${port}/`)
        const attempts = await page.evaluate(attack, { origin: ada.daemon.origin, id })
        for (const { what, came } of attempts) console.log(`${host}: ${what}: ${came}`)
        expect(attempts.filter(({ came }) => !/^refused/.test(came))).toEqual([])
        expect(attempts.length).toBe(8)
        // A form leads away from the page, so it comes last.
        await page.evaluate((action) => {
          const form = document.createElement('form')
          Object.assign(form, { method: 'post', action, enctype: 'text/plain' })
          form.innerHTML = '<input name=\'{"title":"forged","x":"\' value=\'"}\'>'
          document.body.append(form)
          form.submit()
        }, `${ada.daemon.origin}/api/documents.create`)
        await page.getByText(/another origin/).waitFor()
        console.log(`${host}: form: ${await page.locator('body').textContent()}`)
        await page.close()
      }
    } finally {
      server.close()
    }
    const { documents } = await ada.daemon.call<{ documents: { title: string }[] }>('documents.list')
    expect(documents.map((d) => d.title)).toEqual(['Private'])
    expect(await ada.daemon.text(id)).toBe('Nobody else may read this.\n')
    expect((await ada.daemon.status()).offline).toBe(false)
  })

  it('F23: no script finds a token, and a link signs one browser in once', async () => {
    const page = await ada.open()
    const seen = await page.evaluate(() =>
      JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }, location.href]),
    )
    const [cookie] = (await page.context().cookies()).filter((c) => c.name.startsWith('sheaf'))
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' })
    expect(seen).not.toContain(cookie!.value)
    expect(JSON.parse(seen)[0]).toBe('')
    expect(seen).not.toContain('token')

    const other = await openBrowser()
    try {
      const stranger = await other.context.newPage()
      const answer = await stranger.goto(ada.daemon.link)
      expect(answer?.status()).toBe(403)
      const words = await stranger.locator('body').textContent()
      console.log(`the link a second time: ${words}`)
      expect(words).toContain('used before')
      await stranger.goto(`${ada.daemon.origin}/d/${id}`)
      await stranger.getByRole('heading', { name: 'This browser is not connected to Sheaf' }).waitFor()
      expect(await stranger.locator('body').textContent()).not.toContain('Nobody else')
    } finally {
      await other.close()
    }
  })

  it('a link that was cut, changed or garbled is refused with words', async () => {
    bob.expected = /status of 4\d\d/
    const { link } = await ada.daemon.share(id)
    const page = await bob.open()
    await page.getByRole('button', { name: 'Join', exact: true }).click()
    const field = page.getByRole('textbox', { name: 'Link' })
    const middle = Math.floor(link.length / 2)
    const changed = link.slice(0, middle) + (link[middle] === 'A' ? 'B' : 'A') + link.slice(middle + 1)
    const broken: Record<string, string> = {
      cut: link.slice(0, -9),
      'cut short': link.slice(0, 40),
      changed,
      'half of it': link.slice(middle),
      'with a space': link.slice(0, middle) + ' ' + link.slice(middle),
      'something else': 'https://example.org/',
      'of a later version': link.replace('#v1.', '#v9.'),
      empty: '',
    }
    for (const [how, text] of Object.entries(broken)) {
      await field.fill(text)
      await field.press('Enter')
      const words = page.locator('dialog .help-problem, [role=dialog] .help-problem')
      await words.waitFor()
      console.log(`a link, ${how}: ${await words.textContent()}`)
      if (how === 'cut') await shot(page, 'real-bad-link')
      await field.fill('x')
    }
    const { documents } = await bob.daemon.call<{ documents: unknown[] }>('documents.list')
    expect(documents).toEqual([])
    // The whole one still works.
    await field.fill(`  ${link}\n`)
    await field.press('Enter')
    await page.waitForURL(`**/d/${id}`)
    await page.getByText('Nobody else may read this.').waitFor()
    await converged(id, ada.daemon, bob.daemon)
  })
})

/** Runs in the stranger's page. */
async function attack({ origin, id }: { origin: string; id: string }): Promise<Attempt[]> {
  const attempts: Attempt[] = []
  const note = (what: string, came: string) => attempts.push({ what, came })
  const request = async (what: string, url: string, init: RequestInit) => {
    try {
      const answer = await fetch(origin + url, { credentials: 'include', ...init })
      note(what, `answered ${answer.status} ${await answer.text()}`)
    } catch (error) {
      note(what, `refused: ${error}`)
    }
  }
  const post = { method: 'POST', body: '{"title":"forged"}' }
  const plain = { 'Content-Type': 'text/plain' }
  const json = { 'Content-Type': 'application/json' }
  await request('read the list', '/api/documents.list', { method: 'POST', body: '{}', headers: json })
  await request('make a document', '/api/documents.create', { ...post, headers: json })
  await request('make a document, as text', '/api/documents.create', { ...post, headers: plain })
  await request('read an address', '/api/events', {})
  // Without asking for the answer, which a page may always do.
  await fetch(`${origin}/api/network.set`, {
    method: 'POST',
    mode: 'no-cors',
    credentials: 'include',
    headers: plain,
    body: '{"offline":true}',
  }).then(
    (answer) => note('go offline, blindly', answer.type === 'opaque' ? 'refused or not: not told' : 'told'),
    (error) => note('go offline, blindly', `refused: ${error}`),
  )
  for (const path of ['/api/events', `/api/documents/${id}/edit`]) {
    await new Promise<void>((resolve) => {
      const socket = new WebSocket(origin.replace('http', 'ws') + path)
      socket.onopen = () => socket.send('{"type":"lease","session":""}')
      socket.onmessage = (message) => {
        note(`open ${path}`, `told ${message.data}`)
        resolve()
      }
      socket.onclose = (event) => {
        note(`open ${path}`, `refused: ${event.code}`)
        resolve()
      }
    })
  }
  await new Promise<void>((resolve) => {
    const frame = document.createElement('iframe')
    frame.src = origin
    frame.onload = () => {
      try {
        note('show the page in a frame', `read ${frame.contentDocument!.body.textContent}`)
      } catch (error) {
        note('show the page in a frame', `refused: ${error}`)
      }
      resolve()
    }
    document.body.append(frame)
  })
  return attempts
}
