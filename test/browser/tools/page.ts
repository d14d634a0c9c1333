// How a reader uses the page: the parts by what they are called, never by how they are made.
import type {Page} from 'playwright-core'

export const cell = (page: Page, from: string, to: string) => page.getByRole('button', {name: new RegExp(`^${from} to ${to}: `)})
export const part = (page: Page, title: string | RegExp) => page.getByRole('region', {name: title, exact: typeof title === 'string'})
export const pair = (page: Page) => part(page, 'One pair, hop by hop')
export const slider = (page: Page) => page.getByRole('slider', {name: 'Stage'})

/** What the element has as text, on one line. */
export async function wordsOf(element: {innerText(): Promise<string>}): Promise<string> {
  return (await element.innerText()).replace(/\s+/g, ' ').trim()
}
