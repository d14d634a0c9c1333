// Which driver runs a lab, and why. Drivers are loaded when they are needed: dockerode alone takes 90 ms to load.
import type {Driver, DriverName} from '../driver.ts'
import type {SeveralEngines} from '../drivers/docker/several.ts'
import {mayHaveEngine} from '../drivers/docker/sockets.ts'
import {localDriver} from '../drivers/local.ts'
import type {Restored} from '../drivers/ssh.ts'
import {UsageError} from './exit.ts'
import {assertSsh, type SshChoices} from './ssh-choices.ts'

export const DRIVER_CHOICES = ['auto', 'local', 'docker', 'ssh'] as const
export type DriverChoice = (typeof DRIVER_CHOICES)[number]

export interface ChosenDriver {
  readonly driver: Driver
  /** For the report's first line. */
  readonly reason: string
  /** What became of the machines of the labs that went, where the driver runs on some. */
  readonly restored?: readonly Restored[]
}

export interface DockerChoices {
  readonly privileged?: boolean
  /** How far a first build of the node image is, a line at a time. */
  readonly progress?: (line: string) => void
  /** The engines that hold the nodes, where they are several. */
  readonly several?: SeveralEngines | undefined
}

export interface DriverOptions extends DockerChoices {
  readonly ssh?: SshChoices
}

/** `auto` is docker where an engine answers and the node image is there or can be made, else local. */
export async function chooseDriver(choice: DriverChoice, {several, ssh = {}, ...options}: DriverOptions = {}): Promise<ChosenDriver> {
  assertSsh(choice, ssh)
  if (several) {
    if (choice !== 'auto' && choice !== 'docker')
      throw new UsageError('--engines are of the docker driver', [`leave out --driver ${choice}, or --engines`])
    const {dockerDriver} = await import('../drivers/docker.ts')
    return {driver: dockerDriver({...options, several}), reason: 'asked for'}
  }
  if (choice === 'ssh') {
    const [{sshDriver}, {sshOptions}] = await Promise.all([import('../drivers/ssh.ts'), import('./ssh.ts')])
    const restored: Restored[] = []
    return {driver: sshDriver(sshOptions(ssh, (one) => restored.push(one))), reason: 'asked for', restored}
  }
  if (choice === 'local') return {driver: localDriver(), reason: 'asked for'}
  if (choice === 'docker') {
    const {dockerDriver} = await import('../drivers/docker.ts')
    return {driver: dockerDriver(options), reason: 'asked for'}
  }
  if (!mayHaveEngine()) return {driver: localDriver(), reason: 'no Docker engine answers'}
  const {dockerDriver, dockerReadiness} = await import('../drivers/docker.ts')
  const {ready, reason} = await dockerReadiness(options, true)
  return ready ? {driver: dockerDriver(options), reason} : {driver: localDriver(), reason}
}

export async function driverNamed(name: DriverName): Promise<Driver> {
  if (name !== 'ssh') return (await chooseDriver(name)).driver
  const [{sshDriver}, {sshOptions}] = await Promise.all([import('../drivers/ssh.ts'), import('./ssh.ts')])
  return sshDriver(sshOptions({}))
}
