// The one list of system packages, fixtures/packages.txt, as data.
import {readFileSync} from 'node:fs'

const LIST = new URL('../fixtures/packages.txt', import.meta.url)

export interface SystemPackage {
  /** Debian's name for it; with a slash, that of a Go module, which fixtures/setup.sh builds. */
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

export function isGoModule(name: string): boolean {
  return name.includes('/')
}

/** How one gets them: `apt-get install bird2`, and for what is built from Go modules the target that does. */
export function gettingWords(names: readonly string[]): string {
  const [modules, debian] = [names.filter(isGoModule), names.filter((name) => !isGoModule(name))]
  return [
    ...(debian.length > 0 ? [`apt-get install ${debian.join(' ')}`] : []),
    ...(modules.length > 0 ? [`make setup-solutions, which builds ${modules.join(' and ')} where Go is there, for --driver local`] : []),
  ].join('; ')
}
