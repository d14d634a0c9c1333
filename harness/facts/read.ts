// Reads the kernel's state of all places at once, or of those that changed. What is asked is in reading.sh.
import {readFileSync} from 'node:fs'
import type {Fleet} from '../driver.ts'
import type {Place} from '../model.ts'
import type {Facts, NamespaceFacts} from './facts.ts'
import {parseMachine} from './parse.ts'

const READING = readFileSync(new URL('reading.sh', import.meta.url), 'utf8')

/** Namespaces to be read again, by machine; `-` is the machine's own. */
export type Changed = ReadonlyMap<string, ReadonlySet<string>>

/** Asks all machines side by side, in one command each. Never rejects. */
export async function readFacts(fleet: Fleet, places: readonly Place[]): Promise<Facts> {
  const found = new Map<string, NamespaceFacts | undefined>(places.map(({name}) => [name, undefined]))
  await Promise.all(
    [...new Set(places.map(({node}) => node))].map(async (node) => {
      for (const [netns, facts] of await readMachine(fleet, node, READING)) found.set(nameOf(places, node, netns), facts)
    }),
  )
  return found
}

/** The facts with those that changed read anew. Never rejects. */
export async function readChanged(fleet: Fleet, places: readonly Place[], before: Facts, changed: Changed): Promise<Facts> {
  const found = new Map(before)
  await Promise.all(
    [...changed].map(async ([node, namespaces]) => {
      const now = await readMachine(fleet, node, `podwire_only=' ${[...namespaces].map(quoted).join(' ')} '\n${READING}`)
      for (const netns of namespaces) {
        const name = nameOf(places, node, netns)
        if (now.has(netns) || places.some((place) => place.name === name)) found.set(name, now.get(netns))
        else found.delete(name)
      }
    }),
  )
  return found
}

async function readMachine(fleet: Fleet, node: string, reading: string): Promise<Map<string, NamespaceFacts | undefined>> {
  const {stdout} = await fleet.run(node, reading, {shell: 'observer'})
  return parseMachine(stdout.toString())
}

/** The place's name; of a namespace that no place is declared for `node1/NAME`. */
function nameOf(places: readonly Place[], node: string, netns: string): string {
  return places.find((place) => place.node === node && (place.netns ?? '-') === netns)?.name ?? `${node}/${netns}`
}

/** Within single quotes of bash(1). */
function quoted(name: string): string {
  return name.replaceAll("'", `'\\''`)
}
