// What the tracepoints say of the watched packets, from the lines of a trace (Documentation/trace/events.rst). Pure.
import type {KernelDrop} from '../model.ts'

/** `podwire-abc1234-19641   [000] ..s1. 13243.777: kfree_skb: skbaddr=... protocol=2048 location=f+0x1/0x2 reason: R` */
const LINE = /^\s*(.*)-\d+\s+(?:\([^)]*\) )?\[\d+\] \S+\s+[\d.]+: (\w+): (.*)$/

/**
 * Drops of packets that were seen to be sent by a process of that name: an skb is known by its address until it is freed.
 * A packet that had not been given to a device yet is not among them. Nor is an echo reply that has come: raw sockets get a
 * copy, and then the kernel looks for a ping socket (ping_rcv, net/ipv4/ping.c), which nobody has.
 */
export function dropsIn(lines: readonly string[], comm: string): KernelDrop[] {
  const devices = new Map<string, string[]>()
  return lines.flatMap((line): KernelDrop[] => {
    const [, process, event, text = ''] = LINE.exec(line) ?? []
    const address = /skbaddr=(\S+)/.exec(text)?.[1]
    if (address === undefined) return []
    const passed = devices.get(address)
    if (event === 'net_dev_queue') {
      const device = /dev=(\S+)/.exec(text)?.[1] ?? '?'
      if (passed) passed.push(device)
      else if (process?.trim() === comm) devices.set(address, [device])
      return []
    }
    devices.delete(address)
    if (event !== 'kfree_skb' || !passed) return []
    const [, place = '', reason = ''] = /location=([^\s+]+)\S* reason: (\w+)/.exec(text) ?? []
    // ARP is not what was sent.
    return /protocol=(2048|34525) /.test(text) && place !== 'ping_rcv' ? [{reason, function: place, devices: passed}] : []
  })
}
