// The matrix of a running lab, round after round, and which pairs turned since the round before.
import {matrixOf, rowName} from '../../checks/matrix.ts'
import {readFullMtu} from '../../facts/interfaces.ts'
import {allPairs, probePairs} from '../../probe/probe.ts'
import {matrixText} from '../../report/text.ts'
import {EXIT} from '../exit.ts'
import {runningLab} from '../running.ts'
import {output, print} from '../terminal.ts'
import {placesNow} from '../trace.ts'

/** Milliseconds. What is lost between namespaces is lost at once. */
const PATIENCE = 300
const BETWEEN = 700

/** @param until resolves when it has been watched long enough; undefined for one round */
export async function watch(lab: string, until: Promise<void> | undefined): Promise<number> {
  const {kept, fleet} = await runningLab(lab)
  await using _ = fleet
  const places = placesNow(kept.scenario)
  const cluster = places.filter(({kind}) => kind !== 'host')
  let over = until === undefined
  const end = until?.then(() => {
    over = true
  })
  let before: ReadonlySet<string> | undefined
  let drawn = 0
  while (true) {
    const mtu = await readFullMtu(fleet, kept.scenario, places)
    const probes = await probePairs(fleet, places, allPairs(cluster), {mtu, patience: PATIENCE})
    const rows = matrixOf(probes)
    const reached = new Set(rows.filter(({verdict}) => verdict === 'pass').map(rowName))
    const text = [
      matrixText(cluster, probes, output.paint, output.width),
      `${new Date().toTimeString().slice(0, 8)}  ${reached.size} of ${rows.length} pairs reach${until ? '; Enter ends' : ''}`,
      turned('lost', before?.difference(reached)),
      turned('gained', before && reached.difference(before)),
    ]
    const lines = text.filter((part) => part !== '').join('\n')
    // Over what the round before has drawn.
    print(drawn > 0 ? `\x1b[${drawn}A\x1b[J${lines}` : lines)
    drawn = lines.split('\n').length
    before = reached
    if (over) return reached.size === rows.length ? EXIT.asClaimed : EXIT.checkFailed
    await Promise.race([end, new Promise((resolve) => setTimeout(resolve, BETWEEN))])
    if (over) return EXIT.asClaimed
  }
}

const MOST = 4

function turned(word: string, pairs: ReadonlySet<string> = new Set()): string {
  if (pairs.size === 0) return ''
  const left = pairs.size - MOST
  return `${word}: ${[...pairs].slice(0, MOST).join(', ')}${left > 0 ? ` and ${left} more` : ''}`
}
