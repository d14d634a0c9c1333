// Which driver runs a lab, and why. Drivers are loaded when they are needed: dockerode alone takes 90 ms to load.
import type {Driver, DriverName} from '../driver.ts'
import type {SeveralEngines} from '../drivers/docker/several.ts'
import {mayHaveEngine} from '../drivers/docker/sockets.ts'
import {localDriver} from '../drivers/local.ts'
import {UsageError} from './exit.ts'

export const DRIVER_CHOICES = ['auto', 'local', 'docker'] as const
export type DriverChoice = (typeof DRIVER_CHOICES)[number]

export interface ChosenDriver {
  readonly driver: Driver
  /** For the report's first line. */
  readonly reason: string
}

export interface DockerChoices {
  readonly privileged?: boolean
  /** How far a first build of the node image is, a line at a time. */
  readonly progress?: (line: string) => void
  /** The engines that hold the nodes, where they are several. */
  readonly several?: SeveralEngines | undefined
}

/** `auto` is docker where an engine answers and the node image is there or can be made, else local. */
export async function chooseDriver(choice: DriverChoice, {several, ...options}: DockerChoices = {}): Promise<ChosenDriver> {
  if (several) {
    if (choice === 'local') throw new UsageError('--engines are of the docker driver', ['leave out --driver local, or --engines'])
    const {dockerDriver} = await import('../drivers/docker.ts')
    return {driver: dockerDriver({...options, several}), reason: 'asked for'}
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
  return (await chooseDriver(name)).driver
}
