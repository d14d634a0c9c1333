// How fast a report of 200 pods opens, and beside it a file of the same size that holds no more than a line to read.
import {mkdtempSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {bundlePage} from '../../harness/bundle.ts'
import {htmlOf} from '../../harness/report/html.ts'
import {startBrowser} from '../tools/browser.ts'
import {manyPods} from '../tools/many.ts'

export interface Openings {
  /** Milliseconds from the navigation's beginning to the frame that shows all. */
  readonly report: readonly number[]
  readonly plain: readonly number[]
  readonly megabytes: number
  /** Milliseconds to make the report from what a run knows at its end. */
  readonly making: number
}

export async function openings(pods: number, rounds: number): Promise<Openings> {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-bench-'))
  try {
    const [report, plain] = [join(folder, 'report.html'), join(folder, 'plain.html')]
    const run = manyPods(pods, 'p2-7')
    const begun = performance.now()
    writeFileSync(report, await htmlOf(run, await bundlePage('report')))
    const making = performance.now() - begun
    const {size} = statSync(report)
    const script = "requestAnimationFrame(() => setTimeout(() => performance.mark('drawn')))"
    writeFileSync(
      plain,
      `<!doctype html><title>x</title><p>x</p><script type="text/plain">${'x'.repeat(size)}</script><script>${script}</script>`,
    )
    await using browser = await startBrowser()
    const open = async (file: string) => {
      const {page} = await browser.open(file)
      const taken = await page.evaluate<number>("performance.getEntriesByName('drawn')[0].startTime")
      await page.close()
      return taken
    }
    await open(plain) // the first page of a browser waits for the browser
    const taken: {report: number[]; plain: number[]} = {report: [], plain: []}
    for (let round = 0; round < rounds; round++) {
      taken.report.push(await open(report))
      taken.plain.push(await open(plain))
    }
    return {...taken, megabytes: size / 1e6, making}
  } finally {
    rmSync(folder, {recursive: true, force: true})
  }
}
