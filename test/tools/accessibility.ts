// What axe-core has to say against a page.
import axe from 'axe-core'
import type {Page} from 'playwright-core'

/** A line for each place that breaks a rule. */
export async function barriersIn(page: Page): Promise<string[]> {
  // Not by a script element: the page's policy allows none but its own.
  await page.evaluate(axe.source)
  const {violations} = await page.evaluate<axe.AxeResults>('axe.run(document, {resultTypes: ["violations"]})')
  return violations.flatMap(({id, help, nodes}) =>
    nodes.map(({target, failureSummary}) => `${id}: ${help}: ${target.join(' ')}: ${failureSummary}`),
  )
}
