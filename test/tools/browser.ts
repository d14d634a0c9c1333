// Debian's chromium without a screen, on pages of files alone. What the page complains of is collected, not printed.
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {pathToFileURL} from 'node:url'
import {type BrowserContext, chromium, type Page} from 'playwright-core'

const CHROMIUM = '/usr/bin/chromium'

/** It asks nobody anything, and nothing of it is anybody's own. */
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** For hangs alone. */
const HANG_LIMIT = 120_000

export interface Browser extends AsyncDisposable {
  /** A page of a file of its own, once it has drawn all (its mark `drawn`), with what it complained of so far. */
  open(file: string, look?: Look): Promise<Opened>
  /** A page that a server on this machine serves; it may ask that server for more, and nobody else. */
  visit(link: string, look?: Look): Promise<Opened>
}

export interface Look {
  readonly scheme?: 'light' | 'dark'
  readonly width?: number
  readonly height?: number
}

export interface Opened {
  readonly page: Page
  /** Errors of the console, errors that nobody caught, and requests for anything but the file. */
  readonly complaints: readonly string[]
}

/** @param served pages come from a server on this machine, and not from files alone */
export async function startBrowser({served = false} = {}): Promise<Browser> {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-browser-'))
  const context: BrowserContext = await chromium.launchPersistentContext(folder, {
    executablePath: CHROMIUM,
    headless: true,
    args: QUIET,
    offline: !served,
    timeout: HANG_LIMIT,
  })
  context.setDefaultTimeout(HANG_LIMIT)

  async function show(url: string, isOwn: (asked: string) => boolean, {scheme = 'light', width = 1440, height = 1000}: Look = {}) {
    const page = await context.newPage()
    await page.setViewportSize({width, height})
    await page.emulateMedia({colorScheme: scheme})
    const complaints: string[] = []
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('request', (request) => isOwn(request.url()) || complaints.push(`it asks for ${request.url()}`))
    await page.goto(url)
    return {page, complaints}
  }

  return {
    async open(file, look) {
      const url = pathToFileURL(file).href
      const opened = await show(url, (asked) => asked === url, look)
      // A page is loaded before it is drawn: its report is unpacked first.
      await opened.page.waitForFunction("performance.getEntriesByName('drawn').length > 0")
      return opened
    },
    visit: (link, look) => show(link, (asked) => asked.startsWith('data:') || new URL(asked).origin === new URL(link).origin, look),
    async [Symbol.asyncDispose]() {
      await context.close()
      rmSync(folder, {recursive: true, force: true})
    },
  }
}
