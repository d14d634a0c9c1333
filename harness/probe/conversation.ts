// What is said between podwire and one machine's agent: orders go down, rows and words come back.
import {createInterface} from 'node:readline'
import {Readable} from 'node:stream'
import {text} from 'node:stream/consumers'
import type {CommandStream} from '../driver.ts'
import type {Row} from './rows.ts'

export interface Conversation {
  /** Gives an order and waits for the word that it is carried out; false when the agent ended instead. */
  order(order: string, word: string): Promise<boolean>
  readonly ended: Promise<void>
  kill(): void
}

/** Follows an agent: rows are collected, and told as they come. One that ends before its `bye` gives a row `lost` with its last words. */
export function converse(node: string, stream: CommandStream, rows: Row[], follow?: (row: Row) => void): Conversation {
  const said = new Set<string>()
  const waiting = new Map<string, (said: boolean) => void>()
  let over = false
  const complaints = stream.stderr ? text(stream.stderr).catch(() => '') : Promise.resolve('')
  const ended = (async () => {
    try {
      for await (const line of createInterface({input: stream.stdout ?? Readable.from([])})) {
        const [kind = '', ...fields] = line.split('\t')
        if (fields.length > 0) {
          rows.push({node, kind, fields})
          follow?.({node, kind, fields})
        } else {
          said.add(kind)
          waiting.get(kind)?.(true)
        }
      }
    } catch {
      // The stream was cut: without the agent's `bye` its machine counts as lost below.
    }
    const code = await stream.exit
    over = true
    if (!said.has('bye'))
      rows.push({node, kind: 'lost', fields: [(await complaints).trim().split('\n')[0] || `the probe ended with ${code ?? 'its node'}`]})
    for (const resolve of waiting.values()) resolve(false)
  })()
  return {
    ended,
    order(order, word) {
      stream.stdin?.write(`${order}\n`)
      if (over) return ended.then(() => said.has(word))
      return new Promise((resolve) => (said.has(word) ? resolve(true) : waiting.set(word, resolve)))
    },
    kill: () => (over ? undefined : stream.kill()),
  }
}
