// What brings back a daemon that has ended, and what went with it: the recipe's own lines. Pure.
import {startsDaemon} from '../daemons.ts'
import type {FixCommand} from '../model.ts'
import type {Known} from './known.ts'
import type {Root} from './root.ts'

/** The lines that start the daemons among a root's items, and that wire the device that went with one; none where no line is known. */
export function startedAgain({items}: Root, {places, history}: Pick<Known, 'places' | 'history'>): FixCommand[] {
  const lines = items
    .filter(({kind}) => kind === 'daemon')
    .flatMap(({place: at, object}): FixCommand[] => {
      const node = places.find(({name}) => name === at)?.node
      const own = history.filter((line) => line.node === node).map(({command}) => command)
      const start = own.find((line) => startsDaemon(line, object))
      if (node === undefined || start === undefined) return []
      const devices = items.filter(({process, place}) => process && place === at).map((item) => item.object)
      const wires = (line: string) => line.startsWith('ip ') && line.split(/\s+/).some((word) => devices.includes(word))
      return [start, ...own.filter(wires)].map((command) => ({where: node, command}))
    })
  return [...new Map(lines.map((line) => [`${line.where} ${line.command}`, line])).values()]
}
