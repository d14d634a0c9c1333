// Nodes that go away under a lab, each alone: its container was removed, its engine stopped or hangs, its machine is off. What
// runs there comes back at once, so that nobody waits for it, and the others go on.
import type {Readable} from 'node:stream'
import {type Engine, statusOf, within} from './engine.ts'
import {followEngine} from './engines.ts'
import type {Seat} from './seat.ts'

export interface Losses {
  /** Nodes that are gone, and why. */
  readonly lost: ReadonlyMap<string, string>
  /** What is asked of a node; rejects as soon as the node is gone. */
  unlessLost<T>(node: string, answer: Promise<T>): Promise<T>
  /** Cuts a connection when its node is gone; one that has closed is forgotten. */
  onLoss(node: string, output: Readable, cut: () => void): void
  /** Asks whether a node is gone, and why. Undefined: it is there. */
  whyLost(node: string): Promise<string | undefined>
  end(): void
}

/** @param known nodes that are gone from the beginning */
export function followNodes(seats: ReadonlyMap<string, Seat>, known: ReadonlyMap<string, string>): Losses {
  const lost = new Map(known)
  const cuts = new Set<{readonly node: string; cut(why: string): void}>()

  function lose(node: string, why: string): void {
    if (lost.has(node)) return
    lost.set(node, why)
    for (const each of cuts) if (each.node === node) each.cut(why)
  }

  const engines = new Set([...seats].filter(([node]) => !lost.has(node)).map(([, {engine}]) => engine))
  const ends = [...engines].map((engine) => followEngine(engine, (why) => nodesOn(seats, engine).forEach((node) => void lose(node, why))))

  return {
    lost,

    async unlessLost(node, answer) {
      const why = lost.get(node)
      if (why !== undefined) {
        answer.catch(() => undefined) // nobody waits for it
        throw new Error(why)
      }
      let entry: {node: string; cut(why: string): void} | undefined
      const loss = new Promise<never>((_, reject) => {
        entry = {node, cut: (words) => reject(new Error(words))}
        cuts.add(entry)
      })
      try {
        return await Promise.race([answer, loss])
      } finally {
        if (entry) cuts.delete(entry)
      }
    },

    onLoss(node, output, cut) {
      const entry = {node, cut}
      cuts.add(entry)
      output.once('close', () => void cuts.delete(entry))
    },

    async whyLost(node) {
      const seat = seats.get(node)
      if (!lost.has(node) && seat) {
        const why = await whyGone(seat)
        if (why !== undefined) lose(node, why)
      }
      return lost.get(node)
    },

    end: () => ends.forEach((end) => void end()),
  }
}

function nodesOn(seats: ReadonlyMap<string, Seat>, engine: Engine): string[] {
  return [...seats].filter(([, seat]) => seat.engine === engine).map(([node]) => node)
}

/** Undefined while the container runs. */
export async function whyGone({engine: {where}, container}: Seat): Promise<string | undefined> {
  try {
    const {State} = await within(container.inspect(), where)
    return State.Running ? undefined : `its container at ${where} has ended`
  } catch (error) {
    if (statusOf(error) === 404) return `its container at ${where} is gone`
    return `the engine at ${where} is gone: ${error instanceof Error ? error.message.trim() : String(error)}`
  }
}
