// How long the ready networks take on local: all of them in one run of `podwire scenarios --solutions`, and each; beside them the
// documents' own recipe in the same run, since all share one machine's processors with whatever else goes on there.
import {execFile} from 'node:child_process'
import {loadavg} from 'node:os'
import {promisify} from 'node:util'
import type {Figure} from './bench.ts'

interface Ran {
  readonly scenarios: readonly {readonly name: string; readonly verdict: string; readonly duration: number}[]
}

/** @param podwire what to run @throws where one of them does not pass, or is skipped */
export async function solutionFigures(podwire: string): Promise<Figure[]> {
  const timed = async (...argv: string[]) => {
    const begun = performance.now()
    const {stdout} = await promisify(execFile)(podwire, [...argv, '--driver', 'local', '--json'], {maxBuffer: 2 ** 26})
    return {seconds: (performance.now() - begun) / 1000, stdout}
  }
  const recipe = await timed('run', 'three-nodes')
  const {seconds, stdout} = await timed('scenarios', '--solutions')
  const {scenarios} = JSON.parse(stdout) as Ran
  const each = scenarios.toSorted((a, b) => b.duration - a.duration).map(({name, duration}) => `${name} ${(duration / 1000).toFixed(1)} s`)
  return [
    {
      name: `local: all ${scenarios.length} ready networks, every claim, two at a time`,
      limit: '90 s',
      measured: `${seconds.toFixed(1)} s`,
      floor: [
        `three-nodes alone ${recipe.seconds.toFixed(1)} s (${(seconds / recipe.seconds).toFixed(0)} times that); ${loadavg()[0]?.toFixed(1)} processes wanted a processor`,
        ...each,
      ].join('\n'),
    },
  ]
}
