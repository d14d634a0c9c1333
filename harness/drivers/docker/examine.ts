// Several engines, looked at side by side: what each can and lacks for a lab that spans them.
import {MachineError} from '../../driver.ts'
import type {Endpoint} from './endpoint.ts'
import {type Engine, within} from './engine.ts'
import {reachEngines} from './engines.ts'
import {hasImage} from './image.ts'
import {requireSwarm, swarmOf} from './swarm.ts'

export interface Look {
  readonly id: string
  readonly ok: boolean
  readonly what: string
  readonly help?: string
}

/** A look for each engine, in order, and one at all of them together where each is a swarm's. */
export async function examineSeveral(endpoints: readonly Endpoint[]): Promise<Look[]> {
  const reached = await reachEngines(endpoints)
  const looks = await Promise.all(
    reached.map(async (each, index): Promise<Look> => {
      const id = `engine-${index + 1}`
      if ('why' in each) return {id, ok: false, what: `${each.endpoint.name}: ${each.why}`, help: 'start it, or leave it out'}
      try {
        return {id, ...(await examineOne(each.engine))}
      } catch (error) {
        return {id, ok: false, what: `${each.engine.where}: ${error instanceof Error ? error.message : String(error)}`}
      }
    }),
  )
  if (looks.some(({ok}) => !ok)) return looks
  const engines = reached.flatMap((each) => ('engine' in each ? [each.engine] : []))
  try {
    const managers = await requireSwarm(engines)
    return [...looks, {id: 'swarm', ok: true, what: `one swarm; the underlay is made at ${managers[0]?.where}`}]
  } catch (error) {
    if (!(error instanceof MachineError)) throw error
    return [...looks, {id: 'swarm', ok: false, what: error.message, ...(error.help[0] !== undefined && {help: error.help[0]})}]
  }
}

async function examineOne(engine: Engine): Promise<Omit<Look, 'id'>> {
  const {LocalNodeState: state, ControlAvailable: manages} = await swarmOf(engine)
  const image = (await within(hasImage(engine.docker), engine.where))
    ? 'the node image is there'
    : 'the node image is copied there at the first run'
  if (state !== 'active')
    return {
      ok: false,
      what: `${engine.description}: ${state === 'inactive' ? 'in no swarm' : `in a swarm that is ${state}`}; ${image}`,
      help: 'docker swarm join-token worker, at a manager, prints the line that has it join; or run with --swarm-init',
    }
  return {ok: true, what: `${engine.description}: ${manages ? 'a manager' : 'a worker'} of a swarm; ${image}`}
}
