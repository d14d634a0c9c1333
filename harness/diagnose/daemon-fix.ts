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

/** @param devices that went with them */
export function linesThatStart(
  daemons: readonly Named[],
  devices: readonly Named[],
  {places, history}: Pick<Known, 'places' | 'history'>,
): FixCommand[] {
  const lines = daemons.flatMap(({place: at, name}): FixCommand[] => {
    const node = places.find((place) => place.name === at)?.node
    const own = history.filter((line) => line.node === node).map(({command}) => command)
    const start = own.find((line) => startsDaemon(line, name))
    if (node === undefined || start === undefined) return []
    const wired = devices.filter(({place}) => place === at).map((device) => device.name)
    const wires = (line: string) => line.startsWith('ip ') && line.split(/\s+/).some((word) => wired.includes(word))
    return [start, ...own.filter(wires)].map((command) => ({where: node, command}))
  })
  return [...new Map(lines.map((line) => [`${line.where} ${line.command}`, line])).values()]
}
