// Where things of a topology stand: boxes and lines, and what names them. layout.ts finds the places; whoever draws needs no more
// than this, and no layout library.
import {connectionWords} from './labels.ts'
import type {Connection, Topology} from './topology.ts'

/** Pixels. A font whose characters are all as wide. */
export const FONT = {size: 12, width: 7.3, line: 16}

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface Layout {
  readonly width: number
  readonly height: number
  /** By a space's name, with a blank before it; a device's id; UNDERLAY; an address outside; a tunnel's `tunnel N`. */
  readonly boxes: ReadonlyMap<string, Box>
  /** By a connection's place in the topology: a line from corner to corner; of a tunnel two, which meet at its box. */
  readonly lines: ReadonlyMap<number, readonly (readonly Point[])[]>
}

export interface Point {
  readonly x: number
  readonly y: number
}

/** A device and a space may have the same name. */
export function spaceId(name: string): string {
  return ` ${name}`
}

export function tunnelId(index: number): string {
  return `tunnel ${index}`
}

/** What the box in the middle of a tunnel says. */
export function tunnelLines(connection: Connection): string[] {
  const words = connectionWords(connection)
  return ['tunnel', ...(words === '' ? [] : words.split(/, |(?<=down): /))]
}

export function underlayLines({underlay}: Topology): string[] {
  return ['underlay', ...underlay.split(', ')]
}
