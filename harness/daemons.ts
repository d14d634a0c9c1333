// Daemons of a lab: literal commands that stay beside the lines that come after them. They are started in the shell of their
// machine, so they go with the lab whatever ends it, and a kept lab keeps them.
import {setTimeout} from 'node:timers/promises'
import type {CommandResult} from './command.ts'
import type {Fleet} from './driver.ts'
import type {DaemonSpec, Scenario, Step} from './model.ts'

/** Where a daemon's process id and words are, on its machine. */
const FOLDER = '/run/podwire'

/** Milliseconds that a daemon may take to be ready. */
const READY_LIMIT = 20_000

/** What a log may have at its end, in bytes; what is before is left out. */
const LOG_LIMIT = 1_000_000

/**
 * Starts a step's daemon, and waits until it is ready.
 * @returns the step's own command; exit code 1 when the daemon ended or was not ready in time, with what it said on stderr
 */
export async function startDaemon(fleet: Fleet, {node, command}: Step, daemon: DaemonSpec, timeLimit?: number): Promise<CommandResult> {
  const limit = timeLimit === undefined ? READY_LIMIT : Math.min(timeLimit, READY_LIMIT)
  // The condition has the shorter limit, so that the daemon's own words are told.
  const result = await fleet.run(node, startLine(command, daemon, limit), {timeLimit: limit + 5_000})
  return {...result, command}
}

/** @param limit milliseconds */
function startLine(command: string, {name, netns, ready}: DaemonSpec, limit: number): string {
  const [pid, log] = [`${FOLDER}/${name}.pid`, `${FOLDER}/${name}.log`]
  const inside = netns === undefined ? '' : `ip netns exec ${netns} `
  // The daemon leads a session of its own; bash hands its process over to a single command.
  const start = `${inside}setsid bash -c 'echo $$ >${pid}.new; mv ${pid}.new ${pid}; exec bash -c "$0"' ${quoted(command)}`
  const tail = `tail -n 20 ${log} >&2; exit 1`
  return [
    `mkdir -p ${FOLDER}; rm -f ${pid}`,
    `${start} </dev/null >>${log} 2>&1 &`,
    `end=$((\${EPOCHREALTIME/[.,]/} + ${limit * 1000}))`,
    `until [ -s ${pid} ]${ready === undefined ? '' : ` && ${inside}bash -c ${quoted(ready)} >/dev/null 2>&1`}; do`,
    // A process that has ended has no file any more, though nobody may have collected it yet (proc_pid_exe(5)).
    `  if [ -s ${pid} ] && [ ! -e "/proc/$(<${pid})/exe" ]; then echo "${name} ended before it was ready" >&2; ${tail}; fi`,
    `  if ((\${EPOCHREALTIME/[.,]/} > end)); then echo "${name} was not ready within ${limit / 1000} s" >&2; ${tail}; fi`,
    '  sleep 0.02',
    'done',
  ].join('\n')
}

/** The line by which a person would start it there again. */
export function typedLine(command: string, {name, netns, ready}: DaemonSpec): string {
  const inside = netns === undefined ? '' : `ip netns exec ${netns} `
  const start = `${inside}setsid bash -c ${quoted(`echo $$ >${FOLDER}/${name}.pid; exec ${simple(command)}`)} </dev/null >>${FOLDER}/${name}.log 2>&1 &`
  return ready === undefined ? start : `${start} timeout 20 bash -c ${quoted(`until ${inside}${ready} >/dev/null; do sleep 0.02; done`)}`
}

/** Such a line, of this daemon. */
export function startsDaemon(line: string, name: string): boolean {
  return line.includes(` </dev/null >>${FOLDER}/${name}.log 2>&1 &`)
}

/** What exec can be given as it is; else one word for bash. */
function simple(command: string): string {
  return /^[\w@%+=:,./ -]+$/.test(command) ? command : `bash -c ${quoted(command)}`
}

export interface DaemonLog {
  readonly daemon: DaemonSpec
  /** Undefined where its machine did not give it in time. */
  readonly text: Buffer | undefined
}

/**
 * What the daemons have said so far, one log for each place and name. Of a machine that is gone there is none.
 * @param limit milliseconds for all of them, whatever else the machines do
 */
export async function readLogs(fleet: Fleet, scenario: Scenario, limit?: number): Promise<DaemonLog[]> {
  const steps = scenario.stages.flatMap((stage) => stage.steps)
  const each = new Map(steps.flatMap(({node, daemon}) => (daemon ? [[`${node} ${daemon.name}`, {node, daemon}]] : [])))
  const read = await Promise.all(
    [...each.values()].map(async ({node, daemon}): Promise<DaemonLog[]> => {
      const reading = fleet.run(node, `tail -c ${LOG_LIMIT} ${FOLDER}/${daemon.name}.log`, {shell: 'observer'})
      // Its turn may come late: a line of podwire's own that is under way there is waited for.
      const read = await (limit === undefined ? reading : Promise.race([reading, setTimeout(limit, undefined, {ref: false})]))
      if (!read) return [{daemon, text: undefined}]
      return read.exitCode === 0 ? [{daemon, text: read.stdout}] : []
    }),
  )
  return read.flat()
}

/** One word for bash(1), whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
