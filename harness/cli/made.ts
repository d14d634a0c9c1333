// What made a document, and where: podwire's own machine, which is not always the one that the nodes are on.
import {arch, cpus, release, totalmem, type} from 'node:os'
import type {Made} from '../report/document.ts'
import {VERSION} from '../report/format.ts'

export function madeHere(): Made {
  return {
    podwire: VERSION,
    node: process.version,
    kernel: `${type()} ${release()}`,
    architecture: arch(),
    processors: cpus().length,
    memory: totalmem(),
    at: Date.now(),
  }
}
