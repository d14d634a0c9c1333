// A table of a Markdown page, by the comment before it.
import {readFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Its rows, each as its cells by the heads of their columns; links are their words. */
export function pageTable(page: string, comment: string): Record<string, string>[] {
  const text = readFileSync(`${ROOT}${page}`, 'utf8')
  const [, table = ''] = new RegExp(`<!-- ${comment} -->\\n\\n(.*?)\\n\\n`, 's').exec(text) ?? []
  const [heads = [], , ...rows] = table.split('\n').map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replace(/\[(.*?)\]\(.*?\)/g, '$1')),
  )
  return rows.map((cells) => Object.fromEntries(heads.map((head, index) => [head, cells[index] ?? ''])))
}
