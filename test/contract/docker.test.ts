// Driver docker, on whatever engine answers.
import {dockerDriver, dockerReadiness} from '../../harness/drivers/docker.ts'
import {dockerLock} from '../tools/docker-lock.ts'
import {holdToContract} from './suite.ts'

async function missing(): Promise<string | undefined> {
  const {ready, reason} = await dockerReadiness({}, true)
  return ready ? undefined : reason
}

await holdToContract({name: 'docker', driver: () => dockerDriver(), missing, turn: dockerLock})
