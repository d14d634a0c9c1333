// Programs that tc-bpf(8) runs on a machine's devices, and what is in their maps (bpftool-map(8)). What a program does is not known
// from this: only whether one of its maps has an entry for an address.
import {contains, familyOf} from '../address.ts'

export interface ProgramFacts {
  readonly id: number
  readonly name: string
  readonly maps: readonly MapFacts[]
}

export interface MapFacts {
  readonly id: number
  readonly name: string
  /** hash, lru_hash, lpm_trie. */
  readonly type: string
  /** A file that stands for it, the same in every lab that is made alike. */
  readonly pinned?: string
  readonly entries: readonly MapEntry[]
}

/** Bytes, each in hexadecimal as bpftool(8) prints them: `0x0a`. */
export interface MapEntry {
  readonly key: readonly string[]
  readonly value: readonly string[]
}

interface Shown {
  readonly id: number
  readonly name?: string
  readonly type?: string
  readonly map_ids?: readonly number[]
  readonly pinned?: readonly string[]
}

/** @param lines programs as `bpftool -j prog show` prints them, then maps: `{"map": …, "entries": …}` */
export function programsFrom(lines: readonly string[]): ProgramFacts[] {
  const all = lines.flatMap(parsed)
  const maps = all.flatMap(({map, entries}): MapFacts[] => {
    if (!map) return []
    const [pinned] = map.pinned ?? []
    const of = entries.map(({key, value}) => ({key, value}))
    return [{id: map.id, name: map.name ?? '', type: map.type ?? '', ...(pinned !== undefined && {pinned}), entries: of}]
  })
  return all.flatMap(({program}): ProgramFacts[] =>
    program ? [{id: program.id, name: program.name ?? '', maps: maps.filter(({id}) => program.map_ids?.includes(id))}] : [],
  )
}

function parsed(line: string): {program?: Shown; map?: Shown; entries: readonly MapEntry[]}[] {
  try {
    const value = JSON.parse(line) as Shown & {readonly map?: Shown; readonly entries?: readonly MapEntry[]}
    return [value.map ? {map: value.map, entries: value.entries ?? []} : {program: value, entries: []}]
  } catch {
    return []
  }
}

/** The entry that a look-up of an IPv4 address finds: its own, or the longest prefix that it is in (BPF_MAP_TYPE_LPM_TRIE). */
export function entryFor(map: MapFacts, address: string): MapEntry | undefined {
  const {entries} = map
  if (familyOf(address) !== 4) return undefined
  return entries.filter((entry) => contains(networkFor(map, entry) ?? '', address)).toSorted((a, b) => lengthIn(b.key) - lengthIn(a.key))[0]
}

/** What an entry is for, in CIDR notation; undefined where its key is no IPv4 address, nor a prefix of such. */
export function networkFor({type}: MapFacts, {key}: MapEntry): string | undefined {
  if (type === 'lpm_trie') return key.length === 8 ? `${addressIn(key.slice(4))}/${lengthIn(key)}` : undefined
  return key.length === 4 ? `${addressIn(key)}/32` : undefined
}

function addressIn(bytes: readonly string[]): string {
  return bytes.map(Number).join('.')
}

/** The first word of a trie's key, in the machine's own order, which is the little end first wherever podwire has run. */
function lengthIn(key: readonly string[]): number {
  return Number(key[0])
}
