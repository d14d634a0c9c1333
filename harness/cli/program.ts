// The command line: names, options, examples. What a command does is in the file of its name.
import {Command, CommanderError, InvalidArgumentError, Option} from 'commander'
import {VERSION} from '../report/format.ts'
import {errorJson} from '../report/json.ts'
import type {BreakOptions} from './break.ts'
import type {CaptureOptions} from './capture.ts'
import type {CompareChoices} from './compare.ts'
import {DRIVER_CHOICES, type DriverChoice} from './driver.ts'
import {EXIT, UsageError} from './exit.ts'
import {fail} from './fail.ts'
import type {GraphOptions} from './graph.ts'
import type {ScenariosOptions} from './scenarios.ts'
import type {SshChoices} from './ssh-choices.ts'
import {isForPrograms, printJson} from './terminal.ts'
import type {TraceOptions} from './trace.ts'
import type {UiOptions} from './ui.ts'

/** @returns the exit code */
export async function program(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.asClaimed
  // Until the command line is understood: does it look as if a program were to read standard output?
  let forPrograms = asksForJson(argv)
  const podwire = new Command('podwire')
    .description('Wires Kubernetes pod networks by hand, on real kernels, and proves what they do.')
    .version(VERSION)
    .exitOverride()
    .enablePositionalOptions()
    .showHelpAfterError('(podwire --help lists the commands)')
    .addHelpText(
      'after',
      examples('podwire run three-nodes', 'podwire up three-nodes', 'podwire exec pod1 -- ping -c1 10.244.2.2', 'podwire down'),
    )

  podwire.hook('preAction', (_, action) => {
    forPrograms = isForPrograms(action.opts())
  })

  const driver = new Option('--driver <name>', 'how the nodes run').choices(DRIVER_CHOICES.filter((name) => name !== 'ssh')).default('auto')
  const json = new Option('--json', 'one JSON document on standard output, and nothing else there')
  const lab = new Option('--lab <name>', 'which running lab; not needed while only one runs')
  const quiet = new Option('--quiet', 'the result alone, nothing of what happens on the way')
  const timeline = new Option('--timeline', 'probe every pair after every stage: what each part of the recipe bought')
  const timeLimit = new Option('--time-limit <seconds>', 'kill a step that takes longer').argParser(seconds(LONGEST_TIMER))
  const patience = new Option('--patience <seconds>', 'wait this long for an answer that does not come').argParser(
    seconds(LONGEST_PATIENCE),
  )
  const placed = new Option('--driver <name>', 'how the nodes run').choices(DRIVER_CHOICES).default('auto')
  const privileged = new Option('--privileged', 'docker: privileged containers, where the few capabilities do not do')

  const engines = new Option('--engines <list>', 'docker: several engines of one swarm, by address or context: a,b or node1=a,b').argParser(
    (text: string, all: string[] = []) => [...all, ...text.split(',')],
  )
  const swarmInit = new Option('--swarm-init', 'docker: make a swarm of engines that are in none, until the lab is gone')

  const ssh = {
    inventory: new Option('--inventory <file>', 'ssh: which machine is which node, in YAML or JSON'),
    node: new Option('--node <name=[user@]host[:port]>', 'ssh: one of them; may be given again').argParser(collect).default(undefined),
    config: new Option('--ssh-config <file>', 'ssh: in place of ~/.ssh/config'),
    acceptNew: new Option('--accept-new', 'ssh: take keys of machines that are not known yet, and write them down'),
    underlay: new Option('--underlay <kind>', 'ssh: how nodes are joined (default: vxlan)').choices(['vxlan', 'macvlan']),
    bare: new Option('--bare', 'ssh: run the recipe on the machines themselves, in no namespace of its own'),
    allowCutoff: new Option('--allow-cutoff', 'ssh, --bare: run lines, too, that would cut podwire’s own connection'),
  }
  const onMachines = (command: Command) => Object.values(ssh).reduce((one, option) => one.addOption(option), command)

  /** Adds a command whose action gives the exit code. */
  const command = (usage: string, description: string, ...lines: string[]) =>
    podwire
      .command(usage)
      .description(description)
      .addHelpText('after', examples(...lines))

  onMachines(
    command(
      'run <scenario>',
      'start the nodes, run every line, prove who reaches whom, remove all',
      'podwire run three-nodes',
      'podwire run ./mine.ts --driver local',
      'podwire run three-nodes --report html=three-nodes.html',
      'podwire run three-nodes --report junit=podwire.xml --report markdown=-',
      'podwire run three-nodes --report github --report json --out results',
      'podwire run three-nodes --driver docker --attach',
      'podwire run three-nodes --driver ssh --inventory machines.yaml',
      'podwire run ./mine.ts --keep',
      'podwire run three-nodes --engines tcp://10.0.0.1:2376,ssh://me@10.0.0.2,my-context',
    ),
  )
    .addOption(placed)
    .addOption(privileged)
    .addOption(engines)
    .addOption(swarmInit)
    .option('--attach', 'docker: use the nodes that docker-compose.yml started')
    .option(
      '--report <format[=file]>',
      'text, html, json, junit, tap, markdown or github (annotations), to standard output (=-) or a file; may be given again',
      collect,
      [],
    )
    .option('--out <folder>', 'where reports without a file of their own go (json, where none is named)')
    .addOption(quiet)
    .option('--keep', 'leave the lab up where a line is refused or a check fails')
    .addOption(timeline)
    .addOption(timeLimit)
    .addOption(patience)
    .addOption(json)
    .action(async (scenario: string, options: {driver: DriverChoice}) => {
      code = await (await import('./run.ts')).run(scenario, options)
    })

  command(
    'scenarios',
    'run every scenario that comes with podwire: which statement of the documents each shows',
    'podwire scenarios --driver local',
    'podwire scenarios --list',
    'podwire scenarios --solutions --driver local',
  )
    .addOption(driver)
    .addOption(engines)
    .addOption(swarmInit)
    .option('--list', 'name them, run none')
    .option('--solutions', 'those of the ready networks’ datapaths instead: Flannel, Calico, Weave Net ...')
    .addOption(json)
    .action(async (options: ScenariosOptions) => {
      code = await (await import('./scenarios.ts')).scenarios(options)
    })

  command(
    'compare [scenario...]',
    'ready networks side by side, measured beside the plain recipe: time, MTU, overhead, TCP, latency, memory, tables, failure',
    'podwire compare flannel-vxlan weave',
    'podwire compare --report csv=networks.csv --report json=networks.json',
    'podwire compare ./mine.ts --json',
  )
    .option('--report <format[=file]>', 'text, json or csv, to standard output (=-) or a file; may be given again', collect, [])
    .addOption(quiet)
    .addOption(json)
    .action(async (scenarios: string[], options: CompareChoices) => {
      code = await (await import('./compare.ts')).compare(scenarios, options)
    })

  onMachines(
    command(
      'up <scenario>',
      'start, run every line, check, and keep the lab running',
      'podwire up three-nodes',
      'podwire up three-nodes --name mine --driver local',
    ),
  )
    .option('--name <lab>', "the lab's name (default: the scenario's)")
    .addOption(placed)
    .addOption(privileged)
    .addOption(engines)
    .addOption(swarmInit)
    .addOption(timeLimit)
    .addOption(patience)
    .addOption(quiet)
    .addOption(json)
    .action(async (scenario: string, options: {driver: DriverChoice}) => {
      code = await (await import('./up.ts')).up(scenario, options)
    })

  command('down [lab]', 'remove a running lab', 'podwire down', 'podwire down --all')
    .option('--all', 'every lab that runs')
    .addOption(json)
    .action(async (name: string | undefined, options: {all?: boolean; json?: boolean}) => {
      code = await (await import('./down.ts')).down(name, options)
    })

  command('ls', 'the labs that run', 'podwire ls', 'podwire ls --json')
    .addOption(json)
    .action(async (options: {json?: boolean}) => {
      code = await (await import('./ls.ts')).ls(options)
    })

  command('check [lab]', 'the checks of a running lab, again', 'podwire check', 'podwire check mine --json')
    .addOption(lab)
    .addOption(patience)
    .addOption(json)
    .action(async (name: string | undefined, options: {lab?: string; json?: boolean; patience?: number}) => {
      code = await (await import('./check.ts')).checkAgain(labNamed(name, options), options)
    })

  command(
    'exec <place> <command...>',
    'run a command at a place: node1, pod1, or node1/NETNS',
    'podwire exec node1 -- ip route',
    'podwire exec pod1 -- ping -c1 10.244.2.2',
    'podwire exec node1/pod1 -- ip addr',
  )
    .addOption(lab)
    .passThroughOptions()
    .action(async (place: string, argv: string[], options: {lab?: string}) => {
      code = await (await import('./exec.ts')).exec(place, argv, options)
    })

  command('shell <place>', 'an interactive shell at a place', 'podwire shell node1', 'podwire shell pod1')
    .addOption(lab)
    .action(async (place: string, options: {lab?: string}) => {
      code = await (await import('./exec.ts')).shell(place, options)
    })

  command(
    'break [cause] [place]',
    'break a running lab on purpose, by a cause that podwire diagnose can name',
    'podwire break no-route node1',
    'podwire break filter-drop pod1',
    'podwire break policy-rule --variant 2',
    'podwire break --list',
  )
    .addOption(lab)
    .option('--variant <number>', 'which of the ways to bring it about, as --list numbers them', wholeNumber)
    .option('--list', 'every cause, and the ways to bring it about')
    .addOption(json)
    .action(async (cause: string | undefined, place: string | undefined, options: BreakOptions & {list?: boolean}) => {
      const {breakLab, listFaults} = await import('./break.ts')
      code = options.list || cause === undefined ? listFaults(options) : await breakLab(cause, place, options)
    })

  command('heal', 'take back what podwire break did last', 'podwire heal', 'podwire heal --all')
    .addOption(lab)
    .option('--all', 'everything that it did, the last first')
    .addOption(json)
    .action(async (options: {lab?: string; all?: boolean; json?: boolean}) => {
      code = await (await import('./break.ts')).heal(options)
    })

  command(
    'diagnose [from] [to]',
    'why pairs of a running lab fail: the cause, the place, the evidence, and a fix that was tried',
    'podwire diagnose',
    'podwire diagnose pod1 pod3',
    'podwire diagnose --fix --yes',
  )
    .addOption(lab)
    .option('--fix', 'type the fix in the running lab, after asking, and check again')
    .option('--yes', 'do not ask')
    .option('--no-trial', 'do not try the fix on a copy of the lab')
    .option('--no-watch', 'do not send a packet to be watched on its way')
    .addOption(json)
    .action(async (from: string | undefined, to: string | undefined, options: {lab?: string; json?: boolean}) => {
      code = await (await import('./diagnose.ts')).diagnoseLab(from, to, options)
    })

  command(
    'trace <from> <to>',
    'the way of a packet and of its reply, hop by hop: what the kernels hold, and what a real packet did',
    'podwire trace pod1 pod3',
    'podwire trace pod1 10.244.2.2 --protocol tcp',
  )
    .addOption(new Option('--protocol <name>', 'what is sent').choices(['icmp', 'tcp', 'udp']).default('icmp'))
    .addOption(lab)
    .addOption(patience)
    .addOption(json)
    .action(async (from: string, to: string, options: TraceOptions) => {
      code = await (await import('./trace.ts')).traceLab(from, to, options)
    })

  command(
    'graph [lab]',
    'a picture of a running lab: nodes, pods, bridges, cables, addresses and tunnels, as the kernels hold them',
    'podwire graph --write lab.svg',
    'podwire graph --write lab.png',
    'podwire graph --format mermaid',
    'podwire graph --format dot | dot -Tpdf -o lab.pdf',
  )
    .addOption(lab)
    .option('--format <name>', 'svg, png, mermaid or dot (default: what the file ends in, else mermaid)')
    .option('-w, --write <file>', 'where to; without it standard output')
    .addOption(json)
    .action(async (name: string | undefined, options: GraphOptions) => {
      code = await (await import('./graph.ts')).graph(labNamed(name, options), options)
    })

  command(
    'capture <place> [to]',
    'the packets at a place, or at every hop from there to another, as pcapng',
    'podwire capture pod1 -w pod1.pcapng',
    'podwire capture pod1 pod3 -w path.pcapng --seconds 10',
    'podwire capture pod1 | wireshark -k -i -',
    "podwire capture node1 --filter 'icmp or arp' --count 20",
  )
    .option('-w, --write <file>', 'where to; without it standard output, or lines for a person where that is a terminal')
    .option('--filter <expression>', 'only these packets, as pcap-filter(7) says it')
    .addOption(new Option('--count <packets>', 'end after so many packets').argParser(wholeNumber))
    .addOption(new Option('--seconds <seconds>', 'end after so long').argParser(seconds(LONGEST_TIMER)))
    .addOption(lab)
    .action(async (place: string, to: string | undefined, options: CaptureOptions) => {
      code = await (await import('./capture.ts')).capture(place, to, options)
    })

  command(
    'debug [lab]',
    'one prompt over a running lab: ping, trace, why, break, heal, watch, check, capture, and any command at a place',
    'podwire debug',
    'printf "ping pod1 pod3\\nnode1 ip route\\n" | podwire debug',
  )
    .addOption(lab)
    .action(async (name: string | undefined, options: {lab?: string}) => {
      code = await (await import('./debug.ts')).debug(labNamed(name, options))
    })

  command(
    'ui [lab]',
    'a live page over a running lab, for a browser on this machine: topology, matrix, diagnosis, shells',
    'podwire ui',
    'podwire ui mine --port 8080',
  )
    .addOption(lab)
    .addOption(new Option('--port <number>', 'on 127.0.0.1 (default: any that is free)').argParser(portNumber))
    .addOption(json)
    .action(async (name: string | undefined, options: UiOptions) => {
      code = await (await import('./ui.ts')).ui(labNamed(name, options), options)
    })

  command('clean', 'remove what a crash left', 'podwire clean')
    .addOption(json)
    .action(async (options: {json?: boolean}) => {
      code = await (await import('./clean.ts')).clean(options)
    })

  const {inventory, node, config, acceptNew} = ssh
  command(
    'doctor',
    'what this machine can, and what it lacks; with --driver ssh, what each machine of an inventory does',
    'podwire doctor',
    'podwire doctor --json',
    'podwire doctor --driver ssh --inventory machines.yaml',
    'podwire doctor --engines a,b,c',
  )
    .addOption(new Option('--driver <name>', 'whose machines').choices(['auto', 'ssh']).default('auto'))
    .addOption(inventory)
    .addOption(node)
    .addOption(config)
    .addOption(acceptNew)
    .addOption(engines)
    .addOption(json)
    .action(async (options: SshChoices & {json?: boolean; engines?: string[]}) => {
      code = await (await import('./doctor.ts')).doctor(options)
    })

  try {
    await podwire.parseAsync([...argv], {from: 'user'})
    return code
  } catch (error) {
    // Commander has told its own errors already; help and version end with 0.
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.asClaimed
    if (error instanceof CommanderError) {
      if (forPrograms) printJson(errorJson(EXIT.badInput, [{code: 'usage', message: error.message.replace(/^error: /, '')}]))
      return EXIT.badInput
    }
    return fail(error, forPrograms)
  }
}

/** What exec and shell are given to run is theirs. */
function asksForJson(argv: readonly string[]): boolean {
  return argv.includes('--json') && !['exec', 'shell'].includes(argv[0] ?? '')
}

function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}\n`
}

/** A lab's name, as an argument or as an option. @throws UsageError where they are two */
function labNamed(name: string | undefined, {lab}: {readonly lab?: string}): string | undefined {
  if (name !== undefined && lab !== undefined && name !== lab) throw new UsageError(`${name} and --lab ${lab} are two labs`, ['name one'])
  return name ?? lab
}

function collect(value: string, all: string[] = []): string[] {
  return [...all, value]
}

/** Seconds: a timer of Node.js holds no more (2^31 - 1 milliseconds), and fires at once when it is given more. */
const LONGEST_TIMER = 2_147_483

/** Seconds: every packet that is lost is waited for this long. */
const LONGEST_PATIENCE = 30

function wholeNumber(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || !(value > 0)) throw new InvalidArgumentError('It takes a whole number above 0.')
  return value
}

/** 0 is any that is free. */
function portNumber(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new InvalidArgumentError('It takes a number from 0 to 65535.')
  return Number(text)
}

/** Seconds on the command line are milliseconds inside. */
function seconds(most: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (text.trim() === '' || !(value > 0 && value <= most))
      throw new InvalidArgumentError(`It takes a number of seconds above 0, at most ${most}.`)
    return value * 1000
  }
}
