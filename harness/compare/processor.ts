// How long processors worked for a lab. Its own processes, by /proc/PID/stat (proc_pid_stat(5)): on a machine that does other
// things too, the whole machine's time says nothing. The network's own work (softirq) is in them, for the kernel does it in the
// time of whoever sends; what is too much for that, its threads ksoftirqd do, which are counted as well, for whomever they work.
// A kernel that counts softirq apart gives it for the whole machine only.
import {readdirSync, readFileSync} from 'node:fs'
import {release} from 'node:os'
import {gunzipSync} from 'node:zlib'
import type {Fleet} from '../driver.ts'

/** Of /proc/PID/stat, in a second: sysconf(_SC_CLK_TCK) is 100 on every machine that podwire knows. */
const TICKS = 100

/** @returns seconds, since whenever; why they are not known */
export async function processorTime(fleet: Fleet, node: string): Promise<number | string> {
  // A process that ends meanwhile is no error; what it took is with its parent.
  const {stdout} = await fleet.run(node, 'cat /proc/[0-9]*/stat 2>/dev/null', {shell: 'observer'})
  const own = stdout
    .toString()
    .split('\n')
    .filter((line) => line !== '')
  if (own.length === 0) return `${node} could not be asked for its processes`
  return [...own, ...threadsOfSoftirq()].reduce((sum, line) => sum + secondsIn(line), accountsApart() ? secondsOfSoftirq() : 0)
}

/** Its own time and that of its children which have ended: utime, stime, cutime, cstime. */
export function secondsIn(stat: string): number {
  // The name before them may have blanks and brackets of its own.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS
}

let threads: readonly string[] | undefined

/** None where podwire itself does not see them. */
function threadsOfSoftirq(): string[] {
  threads ??= readdirSync('/proc').filter((name) => /^\d+$/.test(name) && text(`/proc/${name}/comm`).startsWith('ksoftirqd/'))
  return threads.map((pid) => text(`/proc/${pid}/stat`)).filter((line) => line !== '')
}

let apart: boolean | undefined

/** Softirq is in no process's time where the kernel was made so. One whose configuration cannot be read is taken for one that was not. */
function accountsApart(): boolean {
  apart ??= configuration().includes('\nCONFIG_IRQ_TIME_ACCOUNTING=y')
  return apart
}

/** Of the whole machine: fields 6 and 7 of its first line (proc_stat(5)). */
function secondsOfSoftirq(): number {
  const [, , , , , , irq = '', softirq = ''] = text('/proc/stat').split(/\s+/, 8)
  return (Number(irq) + Number(softirq)) / TICKS
}

function configuration(): string {
  const own = bytes('/proc/config.gz')
  return own.length > 0 ? gunzipSync(own).toString('latin1') : text(`/boot/config-${release()}`)
}

function text(path: string): string {
  return bytes(path).toString('latin1')
}

function bytes(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch {
    return Buffer.alloc(0)
  }
}
