// What brings back a daemon that has ended, and what went with it: the recipe's own lines. Pure.
import {startsDaemon} from '../daemons.ts'
import type {FixCommand} from '../model.ts'
import type {Known} from './known.ts'
import type {Root} from './root.ts'

/** The lines that start the daemons among a root's items, and that wire the device that went with one; none where no line is known. */
export function startedAgain({items}: Root, known: Pick<Known, 'places' | 'history'>): FixCommand[] {
  const daemons = items.filter(({kind}) => kind === 'daemon').map(({place, object}) => ({place, name: object}))
  const devices = items.filter(({process}) => process).map(({place, object}) => ({place, name: object}))
  return linesThatStart(daemons, devices, known)
}

interface Named {
  readonly place: string
  readonly name: string
}

/**
 * All starts of a machine come before what configures them, since one line may configure several.
 * @param devices that went with them
 */
export function linesThatStart(
  daemons: readonly Named[],
  devices: readonly Named[],
  {places, history}: Pick<Known, 'places' | 'history'>,
): FixCommand[] {
  const nodeOf = (at: string) => places.find((place) => place.name === at)?.node
  const nodes = new Set(daemons.flatMap(({place}) => nodeOf(place) ?? []))
  return [...nodes].flatMap((node): FixCommand[] => {
    const own = history.filter((line) => line.node === node).map(({command}) => command)
    const ended = daemons.filter(({place}) => nodeOf(place) === node)
    const starts = ended.map(({name}) => own.findIndex((line) => startsDaemon(line, name))).filter((index) => index >= 0)
    const wired = devices.filter(({place}) => ended.some((daemon) => daemon.place === place)).map(({name}) => name)
    const wires = (line: string) => line.startsWith('ip ') && line.split(/\s+/).some((word) => wired.includes(word))
    const isAfter = (line: string, index: number) =>
      starts.some((start) => wires(line) || (index > start && configures(line, own[start] ?? '')))
    const lines = [...starts.toSorted((a, b) => a - b).map((start) => own[start] ?? ''), ...own.filter(isAfter)]
    return [...new Set(lines)].map((command) => ({where: node, command}))
  })
}

/** FRR's daemons begin with nothing but what their one shell tells them (vtysh(1)); the others here read a file, or a database. */
function configures(line: string, start: string): boolean {
  return start.includes('/frr/') && /^vtysh\b/.test(line) && !/\bshow\b/.test(line)
}
