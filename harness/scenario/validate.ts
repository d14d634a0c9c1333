// From a declaration to a Scenario, or to all of its problems at once. Nothing has been started when this runs.
import {statSync} from 'node:fs'
import {isAbsolute, normalize} from 'node:path'
import * as v from 'valibot'
import type {Scenario} from '../model.ts'
import type {DeclaredDaemon, DeclaredScenario} from '../scenario.ts'
import {checkClaims, claimProblem} from './claims.ts'
import {duplicateKeys, lineOf, prototypeKeys} from './locate.ts'
import {checkAddress, checkHosts, checkNodes, checkPods, NAME} from './places.ts'
import {type Problem, type Report, ScenarioError, suggestion, unknownPlace} from './problem.ts'
import {declarationShape, isScenarioCall, noScenario, shapeProblem} from './shape.ts'
import {checkLine} from './shell.ts'
import {filesOf, listOf, machinesIn, placeNames, specify} from './specify.ts'

/** What every JavaScript object has a meaning of its own for: valibot leaves such keys out and says nothing. */
const OBJECTS_OWN: readonly string[] = ['__proto__', 'constructor', 'prototype']

/**
 * @param declared what the file exports by default
 * @throws ScenarioError with every problem found
 */
export function validate(declared: unknown, name: string, file: string): Scenario {
  if (!isScenarioCall(declared)) throw new ScenarioError([noScenario(declared, file)])
  const shape = v.safeParse(declarationShape, declared)
  const problems: Problem[] = []
  const report = (path: readonly string[], problem: Omit<Problem, 'source'>) => {
    const line = lineOf(file, path)
    problems.push({...problem, ...(line !== undefined && {source: {file, line}})})
  }
  if (!shape.success) {
    for (const issue of shape.issues) {
      const path = (issue.path ?? []).map(({key}) => String(key))
      const claimed = claimProblem(declared, path)
      if (!claimed) report(path, shapeProblem(path, issue))
      // reach() lacks both of its places, and is one mistake.
      else if (!problems.some(({source}) => source?.line === claimed.source?.line && source?.file === claimed.source?.file))
        problems.push(claimed)
    }
    throw new ScenarioError(problems)
  }
  const scenario = shape.output as DeclaredScenario
  for (const {key, line, firstLine} of duplicateKeys(file)) {
    problems.push({
      code: 'declared-twice',
      message: `${key} is declared twice, and only the last would count`,
      source: {file, line},
      note: `the first is in line ${firstLine}`,
    })
  }
  checkKeys(declared, file, report, problems)
  checkNodes(scenario, report)
  checkPods(scenario, report)
  checkHosts(scenario, report)
  checkNeeds(scenario, report)
  checkMtu(scenario, report)
  problems.push(...checkFiles(scenario, file, report), ...checkSteps(scenario))
  const specified = specify(scenario, name, file)
  problems.push(...checkClaims(specified, problems.length === 0))
  if (scenario.checks.length === 0 && !scenario.steps.some(({kind}) => kind === 'claim'))
    report(['checks'], {
      code: 'no-checks',
      message: 'a scenario that claims nothing cannot hold or fail',
      help: 'claim something: checks: [reach.all(), noNat.all()]',
    })
  if (problems.length > 0) throw new ScenarioError(problems)
  return specified
}

/** Names that got lost between the file and the scenario. */
function checkKeys(declared: unknown, file: string, report: Report, problems: Problem[]): void {
  const message = (key: string) => `${JSON.stringify(key)} cannot name anything here`
  const help = 'JavaScript’s objects have it for themselves; choose another name'
  for (const line of prototypeKeys(file)) problems.push({code: 'bad-name', message: message('__proto__'), source: {file, line}, help})
  for (const group of ['nodes', 'pods', 'hosts', 'files', 'needs'])
    for (const key of Object.keys((declared as Record<string, object | undefined>)[group] ?? {}))
      if (OBJECTS_OWN.includes(key)) report([group, key], {code: 'bad-name', message: message(key), help})
}

/** What a command is called, or where it is: what `command -v` can be asked for. */
const TOOL = /^(\/[\w.+-]+)+$|^[\w.+-]+$/
/** Debian Policy 5.6.1; or a Go module's path, which begins with a domain (https://go.dev/ref/mod#module-path) */
const PACKAGE = /^[a-z0-9][a-z0-9+.-]+$|^[a-z0-9-]+(\.[a-z0-9-]+)+(\/[\w.~-]+)+$/

function checkNeeds({needs = {}, devices = []}: DeclaredScenario, report: Report): void {
  for (const device of devices)
    if (!/^\/dev(\/[\w.-]+)+$/.test(device))
      report(['devices'], {code: 'bad-path', message: `${JSON.stringify(device)} is no device file`, help: "like '/dev/net/tun'"})
  for (const [tool, name] of Object.entries(needs)) {
    if (!TOOL.test(tool))
      report(['needs', tool], {
        code: 'bad-tool',
        message: `${JSON.stringify(tool)} is no command`,
        help: "name it as it is typed, without arguments, and its Debian package: bird: 'bird2'",
      })
    if (!PACKAGE.test(name))
      report(['needs', tool], {
        code: 'bad-package',
        message: `${JSON.stringify(name)} is no name of a Debian package or a Go module`,
        help: "name the package that brings the command: bird: 'bird2'",
      })
  }
}

/** RFC 791: every IPv4 module forwards 68 bytes; no packet is longer than 65535. */
function checkMtu({mtu}: DeclaredScenario, report: Report): void {
  if (mtu === undefined || (Number.isInteger(mtu) && mtu >= 68 && mtu <= 65_535)) return
  report(['mtu'], {
    code: 'bad-mtu',
    message: `${mtu} is no MTU`,
    help: 'a whole number of bytes with the IP header, 68 to 65535: 1450 for VXLAN over Ethernet',
  })
}

function checkFiles(scenario: DeclaredScenario, file: string, report: Report): Problem[] {
  for (const {path, from} of filesOf(scenario, file)) {
    if (
      !isAbsolute(path) ||
      normalize(path) !== path ||
      !path.startsWith('/run/') ||
      path.endsWith('/') ||
      `${path}/`.startsWith('/run/netns/')
    )
      report(['files', path], {
        code: 'bad-path',
        message: `${path} is no place for a file`,
        help: 'choose a path below /run, which is each machine’s own, like /run/podwire/net-script.sh',
      })
    const outer = Object.keys(scenario.files ?? {}).find((other) => path.startsWith(`${other}/`))
    if (outer !== undefined)
      report(['files', path], {
        code: 'bad-path',
        message: `${path} cannot be in ${outer}, which is a file itself`,
        help: 'give each file a path that is no folder of another’s',
      })
    if (!statSync(from, {throwIfNoEntry: false})?.isFile())
      report(['files', path], {
        code: 'no-file',
        message: `there is no file ${from}`,
        help: 'name it as seen from the scenario’s own folder',
      })
  }
  return []
}

function checkSteps(scenario: DeclaredScenario): Problem[] {
  const nodes = machinesIn(scenario).map(({name}) => name)
  const places = placeNames(scenario)
  const problems: Problem[] = []
  for (const step of scenario.steps) {
    if (step.kind === 'address') {
      if (!places.includes(step.place)) problems.push(unknownPlace(step.place, places, step.source))
      for (const address of listOf(step.address))
        checkAddress(step.place, address, [], (_, problem) => problems.push({...problem, source: step.source}))
    }
    if (step.kind === 'daemon') problems.push(...checkDaemon(step, places))
    if (step.kind !== 'step') continue
    if (!nodes.includes(step.node))
      problems.push({
        code: 'unknown-node',
        message: `${step.node} is no node of this scenario`,
        source: step.source,
        help: suggestion(step.node, nodes),
      })
    problems.push(...checkLine(step.command, step.source))
  }
  return problems
}

function checkDaemon({place, name, command, ready, source}: DeclaredDaemon, places: readonly string[]): Problem[] {
  const problems: Problem[] = []
  if (!places.includes(place)) problems.push(unknownPlace(place, places, source))
  if (!NAME.test(name))
    problems.push({
      code: 'bad-name',
      message: `${JSON.stringify(name)} cannot name a daemon`,
      source,
      help: 'use 1 to 14 lower-case letters, digits and dashes, a letter first',
    })
  if (command === '' || ready === '')
    problems.push({code: 'empty-command', message: `${command === '' ? 'there is no command to run' : 'no readiness is named'}`, source})
  return [...problems, ...checkLine(command, source), ...(ready === undefined ? [] : checkLine(ready, source))]
}
