// Forwarding entries that somebody fixed: those of bridges that are new, those of tunnels that are gone or lead elsewhere. Pure.
import type {FdbFacts, NamespaceFacts} from '../../facts/facts.ts'
import type {Change, Scene} from './change.ts'

function fdbKey({mac, dev, master, remote}: FdbFacts): string {
  return `${mac} ${dev} ${master} ${remote}`
}

export function fdbChanges(scene: Scene): Change[] {
  return [...fixedSince(scene), ...remotesGone(scene), ...remotesMoved(scene)]
}

/** A bridge's entry for one that stays: the rest is learned, or the kernel's own, of which every port has one. */
export function isFixedOn({mac, dev, master, permanent, local}: FdbFacts, {links}: Pick<NamespaceFacts, 'links'>): boolean {
  const isOwn = local && links.some((link) => link.name === dev && link.mac === mac)
  return permanent && master !== undefined && !isOwn && !/^(33:33|01:)/.test(mac)
}

function fixedSince({was, is, run}: Scene): Change[] {
  return is.fdb
    .filter((entry) => isFixedOn(entry, is))
    .filter((entry) => !was.fdb.some((old) => old.permanent && old.local === entry.local && fdbKey(old) === fdbKey(entry)))
    .map((entry) => {
      const {mac, dev, master} = entry
      // An entry is moved by a new one: it was a port's own, if it was there before, and nothing else brings it back.
      const old = was.fdb.find((each) => each.permanent && each.mac === mac && each.master === master)
      return {
        kind: 'fdb',
        cause: 'fdb-wrong',
        object: `${mac} dev ${dev} master ${master}`,
        device: dev,
        evidence: old
          ? `the entry for ${mac} was ${old.local ? 'the own one' : 'that'} of ${old.dev}`
          : `there was no fixed entry for ${mac}`,
        undo: [old ? `${run}bridge fdb replace ${mac} dev ${old.dev} master permanent` : `${run}bridge fdb del ${mac} dev ${dev} master`],
        revert: (now) => ({...now, fdb: [...now.fdb.filter((each) => fdbKey(each) !== fdbKey(entry)), ...(old ? [old] : [])]}),
      }
    })
}

/** Where a tunnel no longer sends a MAC, or what is for everybody (00:00:00:00:00:00). One that leads elsewhere now is not gone. */
function remotesGone({was, is, run}: Scene): Change[] {
  const isThere = (old: FdbFacts) =>
    is.fdb.some(
      (each) => (fdbKey(each) === fdbKey(old) && each.permanent) || (each.mac === old.mac && each.dev === old.dev && !isFlood(old)),
    )
  return tunnelEntries({was, is})
    .filter((old) => !isThere(old))
    .map((old) => ({
      kind: 'fdb',
      cause: 'vtep-fdb-missing',
      object: `${old.mac} dev ${old.dev} dst ${old.remote}`,
      device: old.dev,
      evidence: `there was an entry for ${old.mac} to ${old.remote}`,
      undo: [`${run}bridge fdb append ${old.mac} dev ${old.dev} dst ${old.remote} self permanent`],
      revert: (now) => ({...now, fdb: [...now.fdb, old]}),
    }))
}

/** A MAC address has one place at a time; what a daemon moves (bridge(8), extern_learn) has moved. */
function remotesMoved({was, is, run}: Scene): Change[] {
  return tunnelEntries({was, is}).flatMap((old): Change[] => {
    const {mac, dev, remote} = old
    const now = is.fdb.find((each) => each.mac === mac && each.dev === dev && each.permanent && each.remote !== undefined)
    if (!now || now.remote === remote || isFlood(old) || old.external || now.external) return []
    return [
      {
        kind: 'fdb',
        cause: 'vtep-fdb-wrong',
        object: `${mac} dev ${dev} dst ${now.remote}`,
        device: dev,
        evidence: `the entry for ${mac} led to ${remote}`,
        undo: [`${run}bridge fdb replace ${mac} dev ${dev} dst ${remote} self permanent`],
        revert: (facts) => ({...facts, fdb: facts.fdb.map((each) => (fdbKey(each) === fdbKey(now) ? old : each))}),
      },
    ]
  })
}

/** What was fixed in tunnels that are the same still. */
function tunnelEntries({was, is}: Pick<Scene, 'was' | 'is'>): FdbFacts[] {
  const tunnelOf = (links: Scene['is']['links'], dev: string) => {
    const {id, port} = links.find(({name}) => name === dev)?.vxlan ?? {}
    return `${id} ${port}`
  }
  return was.fdb.filter(
    ({permanent, remote, dev}) => permanent && remote !== undefined && tunnelOf(is.links, dev) === tunnelOf(was.links, dev),
  )
}

function isFlood({mac}: FdbFacts): boolean {
  return mac === '00:00:00:00:00:00'
}
