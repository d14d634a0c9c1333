// What a scenario needs on its machines beyond what every node has: looked for where its lines will look for it, before the
// first of them runs.
import {type Fleet, MachineError} from './driver.ts'
import {machinesOf, type Need, type Scenario} from './model.ts'
import {gettingWords, isGoModule} from './packages.ts'

/** user_namespaces(7): in the machine's own user namespace alone every user is mapped, and to itself. */
const IS_ROOT = '[ "$(tr -s " " </proc/self/uid_map)" = " 0 0 4294967295" ]'

/**
 * @throws MachineError `missing-tool`, which names every command that a machine lacks and the Debian packages that bring them;
 * `missing-device`, which names the device files that cannot be opened; `not-root`, which says what takes root
 */
export async function assertNeeds(fleet: Fleet, scenario: Scenario): Promise<void> {
  const {needs, devices, root} = scenario
  if (needs.length + devices.length === 0 && root === undefined) return
  const look = [
    ...(root === undefined ? [] : [`${IS_ROOT} || echo /`]),
    ...needs.map(({tool}) => `${present(tool)} >/dev/null || echo ${tool}`),
    // Opened only where it is: the shell would make a file there.
    ...devices.map((device) => `{ [ -c ${device} ] && : <>${device}; } || echo ${device}`),
  ].join('\n')
  const found = await Promise.all(machinesOf(scenario).map(({name}) => fleet.run(name, look, {shell: 'observer'})))
  const lacked = new Set(found.flatMap(({stdout}) => stdout.toString().split('\n')))
  if (root !== undefined && lacked.has('/'))
    throw new MachineError('not-root', `${scenario.name} takes root of the machine itself: ${root}`, [
      `run it as root: sudo npx podwire run ${scenario.name} --driver local`,
    ])
  const closed = devices.filter((device) => lacked.has(device))
  if (closed.length > 0)
    throw new MachineError('missing-device', `${scenario.name} needs ${closed.join(' and ')}, which its nodes cannot open`, [
      'run it as root, on a machine that has it',
    ])
  const missing = needs.filter(({tool}) => lacked.has(tool))
  if (missing.length > 0)
    throw new MachineError('missing-tool', lackWords(scenario.name, missing), [
      gettingWords([...new Set(missing.map((need) => need.package))]),
      ...(missing.every((need) => isGoModule(need.package))
        ? []
        : ['make setup-solutions installs what all scenarios need, and starts no service']),
    ])
}

/** The line that succeeds where it is there. A path may be that of a header, which nobody runs. */
export function present(tool: string): string {
  return tool.startsWith('/') ? `[ -e ${tool} ]` : `command -v ${tool}`
}

function lackWords(name: string, missing: readonly Need[]): string {
  return `${name} needs ${missing.map(({tool}) => tool).join(' and ')}, and its nodes have none`
}
