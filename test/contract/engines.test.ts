// Driver docker on three engines of a swarm: the same contract. The two nodes are on two engines.

import {readPlacement} from '../../harness/drivers/docker/placement.ts'
import {dockerDriver} from '../../harness/drivers/docker.ts'
import {missingEngines, type PrivateEngines, privateEngines} from '../tools/engines.ts'
import {holdToContract} from './suite.ts'

let engines: PrivateEngines | undefined

await holdToContract({
  name: 'docker',
  driver: () => {
    const driver = () => dockerDriver({several: readPlacement(engines?.addresses ?? [])})
    return {
      name: 'docker',
      start: (spec) => driver().start(spec),
      find: (handle) => driver().find(handle),
      remove: (handle) => driver().remove(handle),
    }
  },
  missing: missingEngines,
  async turn() {
    engines = await privateEngines()
    return engines
  },
})
