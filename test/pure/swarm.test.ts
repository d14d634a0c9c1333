// An engine that leaves a swarm: a busy one has to be asked more than once.
import test from 'ava'
import type {Engine} from '../../harness/drivers/docker/engine.ts'
import {leave} from '../../harness/drivers/docker/swarm.ts'

/** Refuses so often, with this status; it is out of the swarm after so many answers. */
function engineThat({refuses, status = 500, out = refuses + 1}: {refuses: number; status?: number; out?: number}) {
  const asked: boolean[] = []
  const docker = {
    async swarmLeave({force}: {force: boolean}) {
      asked.push(force)
      if (asked.length <= refuses) throw Object.assign(new Error('context deadline exceeded'), {statusCode: status})
    },
    info: async () => ({Swarm: {LocalNodeState: asked.length >= out ? 'inactive' : 'active'}}),
  }
  return {engine: {docker, where: 'here'} as unknown as Engine, asked}
}

test('an engine that gives up is asked again, and no more once it has left', async (t) => {
  const again = engineThat({refuses: 2})
  await leave(again.engine, true)
  t.deepEqual(again.asked, [true, true, true])
  const left = engineThat({refuses: 9, out: 1})
  await leave(left.engine, false)
  t.deepEqual(left.asked, [false])
})

test('one that gives up each time, or refuses, is told', async (t) => {
  const never = engineThat({refuses: 99})
  await t.throwsAsync(leave(never.engine, true), {message: 'context deadline exceeded'})
  t.is(never.asked.length, 4)
  const refusing = engineThat({refuses: 99, status: 400})
  await t.throwsAsync(leave(refusing.engine, true))
  t.is(refusing.asked.length, 1)
})
