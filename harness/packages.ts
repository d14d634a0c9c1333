// The one list of system packages, fixtures/packages.txt, as data.
import {readFileSync} from 'node:fs'

const LIST = new URL('../fixtures/packages.txt', import.meta.url)

export interface SystemPackage {
  readonly name: string
  /** The command by which one sees that it is there. */
  readonly command: string
}

/** @param group as fixtures/packages.txt explains them: node, host, engine, ... */
export function packagesOf(group: string): SystemPackage[] {
  return readFileSync(LIST, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.trim().split(/\s+/))
    .flatMap(([name = '', command = '', ...groups]) => (groups.includes(group) ? [{name, command}] : []))
}
