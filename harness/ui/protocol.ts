// What is said over the page's websockets: a JSON message each on /live; on /shell bytes are the terminal's, and JSON is about it.
import type {Diagnosis, Probe} from '../model.ts'
import type {Change} from '../watch/change.ts'
import type {Deaf} from '../watch/follow.ts'

/** From podwire to the page. */
export type Told =
  /** What was found: `document` is a result, as --json prints it, packed. */
  | {readonly kind: 'look'; readonly document: unknown; readonly number: number; readonly at: number; readonly took: number}
  | {readonly kind: 'changes'; readonly changes: readonly Change[]; readonly more: number; readonly at: number}
  | ({readonly kind: 'deaf'; readonly at: number} & Deaf)
  | {readonly kind: 'diagnosed'; readonly id: number; readonly diagnoses: readonly Diagnosis[]}
  | {readonly kind: 'probed'; readonly id: number; readonly probes: readonly Probe[]}
  /** What was asked for could not be done. */
  | {readonly kind: 'refused'; readonly id: number; readonly why: string}
  /** The lab is down. */
  | {readonly kind: 'gone'}

/** From the page. The answer has the same id. */
export type Ask =
  | {readonly kind: 'look'}
  | {readonly kind: 'probe' | 'diagnose'; readonly id: number; readonly from: string; readonly to: string}

/** From the page on /shell, of its terminal; `shown`: so many bytes of what was sent are on the screen. */
export type AboutTerminal = {readonly rows: number; readonly columns: number} | {readonly shown: number}

/** Why /shell was closed (RFC 6455, 7.4.2): the shell ended, its exit code is the reason; there is no shell, and why. */
export const CLOSED = {ended: 4000, refused: 4001}
