// Queueing disciplines and tc filters that are new. Pure.
import type {Change, Scene} from './change.ts'

/** Disciplines and filters of a device that are new. */
export function trafficControlChanges({was, is, run}: Scene): Change[] {
  return is.trafficControl
    .filter(({dev, text}) => !was.trafficControl.some((old) => old.dev === dev && old.text === text))
    .map(({dev, side, kind}) => ({
      kind: 'traffic-control',
      cause: 'tc-drop',
      object: `${kind} dev ${dev} ${side}`,
      device: dev,
      evidence: `there was no ${kind} on ${dev}`,
      undo: [side === 'root' ? `${run}tc qdisc del dev ${dev} root` : `${run}tc filter del dev ${dev} ${side}`],
      revert: (now) => ({...now, trafficControl: now.trafficControl.filter((each) => each.dev !== dev)}),
    }))
}
