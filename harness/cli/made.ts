// What made a document, and where: podwire's own machine, which is not always the one that the nodes are on.
import {arch, cpus, release, totalmem, type} from 'node:os'
import type {Versions} from '../facts/versions.ts'
import type {Made} from '../report/document.ts'
import {VERSION} from '../report/format.ts'

/** @param nodes what the nodes run, where they were asked */
export function madeHere(nodes: readonly Versions[] = []): Made {
  return {
    podwire: VERSION,
    node: process.version,
    kernel: `${type()} ${release()}`,
    architecture: arch(),
    processors: cpus().length,
    memory: totalmem(),
    at: Date.now(),
    ...(nodes.length > 0 && {nodes}),
  }
}
