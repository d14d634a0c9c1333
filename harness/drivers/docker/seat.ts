// A node's container, and the engine that holds it.
import type Docker from 'dockerode'
import type {Engine} from './engine.ts'

export interface Seat {
  readonly engine: Engine
  readonly container: Docker.Container
}
