// Reads the kernel's state of all places at once. What is asked is in reading.sh.
import {readFileSync} from 'node:fs'
import type {Fleet} from '../driver.ts'
import type {Place} from '../model.ts'
import type {Facts, NamespaceFacts} from './facts.ts'
import {parseMachine} from './parse.ts'

const READING = readFileSync(new URL('reading.sh', import.meta.url), 'utf8')

/** Asks all machines side by side, in one command each. Never rejects. */
export async function readFacts(fleet: Fleet, places: readonly Place[]): Promise<Facts> {
  const found = new Map<string, NamespaceFacts | undefined>(places.map(({name}) => [name, undefined]))
  await Promise.all(
    [...Map.groupBy(places, ({node}) => node)].map(async ([node, here]) => {
      const {stdout} = await fleet.run(node, READING, {shell: 'observer'})
      for (const [netns, facts] of parseMachine(stdout.toString())) {
        const place = here.find((each) => (each.netns ?? '-') === netns)
        found.set(place?.name ?? `${node}/${netns}`, facts)
      }
    }),
  )
  return found
}
