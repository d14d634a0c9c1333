// How a scenario would wire one pod more: by the lines with which it wires a pod that it has, with that pod's name, address, MAC
// and device index exchanged for others. Whether that made a pod is seen by asking it. Pure.
import type {PodSpec, Scenario, Step} from '../model.ts'

/** A pod as it is to be, and the lines that make it, in the order of the scenario's stages. */
export interface AnotherPod {
  readonly pod: PodSpec
  readonly stages: readonly (readonly Step[])[]
}

/** Hosts' numbers from which new pods get theirs: above what recipes give, below what they keep for nodes. */
const FIRST = 20

/** The line has the name, as it is or as a part of a device's: `veth-pod1`. */
export function names(command: string, name: string): boolean {
  return command.search(nameIn(name)) >= 0
}

/** The lines of a pod: those that have its name, or its address as it is written in a map's key. */
export function linesOf(pod: PodSpec, {stages}: Pick<Scenario, 'stages'>): Step[][] {
  const own = [nameIn(pod.name), numbersIn(pod.address, '.'), numbersIn(pod.address, ' ')]
  return stages.map(({steps}) => steps.filter(({command}) => own.some((pattern) => command.search(pattern) >= 0)))
}

/** The scenario with one pod a node: the first of each, without the lines of the others. */
export function onePodANode<Whole extends Pick<Scenario, 'pods' | 'stages'>>(scenario: Whole): Whole {
  const kept = [...Map.groupBy(scenario.pods, ({node}) => node).values()].flatMap(([first]) => first ?? [])
  const others = scenario.pods.filter((pod) => !kept.includes(pod))
  const left = new Set(others.flatMap((pod) => linesOf(pod, scenario).flat()))
  const stages = scenario.stages.map((stage) => ({...stage, steps: stage.steps.filter((step) => !left.has(step))}))
  return {...scenario, pods: kept, stages}
}

/**
 * @param pod one of the scenario's
 * @param number how many there are of its node already beyond the scenario's own
 * @param name of the new pod
 */
export function anotherPod(pod: PodSpec, scenario: Pick<Scenario, 'stages'>, number: number, name: string): AnotherPod {
  const lines = linesOf(pod, scenario)
  const host = FIRST + number
  const address = pod.address.replace(/\d+$/, String(host))
  const own = new Set(lines.flat())
  const others = scenario.stages.flatMap(({steps}) => steps.filter((step) => !own.has(step)))
  const text = [...own].map(({command}) => command).join('\n')
  const macs = [...new Set(text.match(MAC) ?? [])].filter((mac) => !others.some(({command}) => command.includes(mac)))
  // An index is of its machine alone: others may have the same.
  const there = others.filter(({node}) => node === pod.node)
  const indexes = [...text.matchAll(/\bindex (\d+)/g)].map(([, index = '']) => index)
  const exchanges: [RegExp, string][] = [
    [nameIn(pod.name), name],
    [numbersIn(pod.address, '.'), address],
    [numbersIn(pod.address, ' '), address.replaceAll('.', ' ')],
    ...macs.flatMap((mac): [RegExp, string][] => [
      [new RegExp(mac, 'g'), mac.replace(/..$/, host.toString(16).padStart(2, '0'))],
      [octetsIn(mac), `$1${host}`],
    ]),
    ...[...new Set(indexes)]
      .filter((index) => !there.some(({command}) => new RegExp(`\\bindex ${index}\\b`).test(command)))
      .map((index): [RegExp, string] => [wordIn(index), String(Number(index) + host)]),
  ]
  const exchanged = (command: string) => exchanges.reduce((line, [pattern, by]) => line.replace(pattern, by), command)
  const stages = lines.map((steps) => steps.map((step) => ({...step, command: exchanged(step.command)})))
  return {pod: {...pod, name, address, addresses: [address]}, stages}
}

const MAC = /\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/g

/** `veth-pod1` and `pod1`, not `pod12`. */
function nameIn(name: string): RegExp {
  return new RegExp(`(?<![A-Za-z0-9])${name}(?![A-Za-z0-9])`, 'g')
}

/** An address as it is written, or as the numbers of a map's key. */
function numbersIn(address: string, between: string): RegExp {
  return new RegExp(`(?<![\\w.])${address.split('.').join(between === '.' ? '\\.' : ' ')}(?![\\w.])`, 'g')
}

/** A MAC as bpftool(8) takes one, `0x0a 0 0 0 1 2`: all but the last number stay. */
function octetsIn(mac: string): RegExp {
  const numbers = mac.split(':').map((octet) => Number.parseInt(octet, 16))
  const written = numbers.map((number) => `(?:0x0?${number.toString(16)}|${number})`)
  return new RegExp(`(?<![\\w.])(${written.slice(0, 5).join(' ')} )${written[5]}(?![\\w.])`, 'g')
}

function wordIn(index: string): RegExp {
  return new RegExp(`(?<![\\w.:])${index}(?![\\w.:])`, 'g')
}
