// What is said over the page's websockets: a JSON message each on /live; on /shell bytes are the terminal's, and JSON is about it.
import type {Packed} from '../report/rows.ts'
import type {Change, Deaf} from '../watch/change.ts'

/** From podwire to the page. */
export type Told =
  /** What was found: a view (../report/view.ts), packed. */
  | {readonly kind: 'look'; readonly view: Packed; readonly number: number; readonly at: number; readonly took: number}
  | {readonly kind: 'changes'; readonly changes: readonly Change[]; readonly more: number; readonly at: number}
  | ({readonly kind: 'deaf'; readonly at: number} & Deaf)
  /** What was asked for is done, and stands in the look before this. */
  | {readonly kind: 'done'; readonly id: number}
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
/** The first websocket subprotocol that is offered; the second is the key (admission.ts). */
export const SUBPROTOCOL = 'podwire'

export const CLOSED = {ended: 4000, refused: 4001}
