// Starts watch.pl on the machines of some paths, and tells what it saw.
import {readFileSync} from 'node:fs'
import type {Fleet} from '../driver.ts'
import type {Facts} from '../facts/facts.ts'
import type {Place, Protocol, Unobserved} from '../model.ts'
import {type Conversation, converse} from '../probe/conversation.ts'
import {fieldsOf, PROBE_PORT, type Row} from '../probe/rows.ts'

const WATCH = readFileSync(new URL('watch.pl', import.meta.url), 'utf8')
/** Seconds after which it ends by itself. */
const LIFE = 30

/** Where to look, and the families of nftables whose rules are followed there. */
export interface Post {
  readonly place: Place
  readonly families: readonly string[]
}

export interface Watchers {
  /** All look on, or never will. Never rejects. */
  readonly ready: Promise<unknown>
  /** Ends them, and what they had put there. */
  finish(): Promise<readonly Row[]>
}

export function startWatchers(fleet: Fleet, posts: readonly Post[], nonce: string, protocol: Protocol): Watchers {
  const rows: Row[] = []
  const started = [...Map.groupBy(posts, ({place}) => place.node)].map(async ([node, here]): Promise<Conversation | undefined> => {
    const plan = [
      ['watch', nonce, protocol, PROBE_PORT, LIFE],
      ...here.map(({place, families}) => ['place', place.name, place.netns ?? '-', families.join()]),
      ['end'],
    ]
    try {
      const stream = await fleet.stream(node, ['perl', '-e', WATCH])
      stream.stdin?.on('error', () => undefined) // it may have ended: then its row `lost` says so
      stream.stdin?.write(plan.map((fields) => `${fields.join('\t')}\n`).join(''))
      const talk = converse(node, stream, rows)
      await talk.order('begin', 'begun')
      return talk
    } catch (error) {
      rows.push({node, kind: 'lost', fields: [error instanceof Error ? error.message : String(error)]})
      return undefined
    }
  })
  return {
    ready: Promise.all(started),
    async finish() {
      const talks = (await Promise.all(started)).filter((talk) => talk !== undefined)
      await Promise.all(talks.map((talk) => talk.order('finish', 'bye')))
      await Promise.all(talks.map(({ended}) => ended))
      return rows
    },
  }
}

/** What could not be looked at, and where. */
export function unobservedIn(rows: readonly Row[], posts: readonly Post[]): Unobserved[] {
  const lost = new Map(rows.filter(({kind}) => kind === 'lost').map(({node, fields}) => [node, fields[0] ?? '']))
  const gone = posts.flatMap(({place}): Unobserved[] => {
    const why = lost.get(place.node)
    return why === undefined ? [] : (['packets', 'rules', 'counters'] as const).map((what) => ({what, place: place.name, why}))
  })
  const blind = fieldsOf(rows, 'blind').map(([place = '', what, why = '']): Unobserved => ({what: what as Unobserved['what'], place, why}))
  return [...gone, ...blind]
}

/** nft(8) follows packets through its own tables alone. */
export function untraced(posts: readonly Post[], facts: Facts): Unobserved[] {
  return posts.flatMap(({place}): Unobserved[] => {
    const tables = facts.get(place.name)?.legacyTables ?? []
    const why = `nft does not trace the rules of the old iptables (${tables.join(', ')})`
    return tables.length === 0 ? [] : [{what: 'rules', place: place.name, why}]
  })
}
