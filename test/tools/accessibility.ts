// What axe-core has to say against a page.
import axe from 'axe-core'
import type {Page} from 'playwright-core'

/** A line for each rule that the page breaks, with where. */
export async function barriersIn(page: Page): Promise<string[]> {
  // Not by a script element: the page's policy allows none but its own.
  await page.evaluate(axe.source)
  const {violations} = await page.evaluate(() => (globalThis as unknown as {axe: typeof axe}).axe.run())
  return violations.map(({id, help, nodes}) => `${id}: ${help}: ${nodes.map(({target}) => target.join(' ')).join(', ')}`)
}
