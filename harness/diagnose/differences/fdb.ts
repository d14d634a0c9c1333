// Forwarding entries of bridges that somebody fixed. Pure.
import type {FdbFacts} from '../../facts/facts.ts'
import type {Change, Scene} from './change.ts'

function fdbKey({mac, dev, master, remote}: FdbFacts): string {
  return `${mac} ${dev} ${master} ${remote}`
}

/** Only unicast addresses that stay: the rest is learned, or the kernel's own. */
export function fdbChanges({was, is, run}: Scene): Change[] {
  const own = new Set(is.links.map(({mac}) => mac))
  return is.fdb
    .filter(({mac, permanent, master}) => permanent && master !== undefined && !own.has(mac) && !/^(33:33|01:)/.test(mac))
    .filter((entry) => !was.fdb.some((old) => old.permanent && fdbKey(old) === fdbKey(entry)))
    .map((entry) => ({
      kind: 'fdb',
      cause: 'fdb-wrong',
      object: `${entry.mac} dev ${entry.dev} master ${entry.master}`,
      device: entry.dev,
      evidence: `there was no fixed entry for ${entry.mac}`,
      undo: [`${run}bridge fdb del ${entry.mac} dev ${entry.dev} master`],
      revert: (now) => ({...now, fdb: now.fdb.filter((each) => fdbKey(each) !== fdbKey(entry))}),
    }))
}
