// Whose words a line of a command's output is. Only to put a name before it: nothing is decided by it.

/** Tools that hand on what the kernel answers. */
const MESSENGERS = new Set(['ip', 'sysctl', 'nft', 'bridge', 'tc'])

/** netlink(7)'s answer as iproute2 and nft print it: an error number, or since Linux 4.12 the kernel's own sentence. */
const KERNEL = /^(RTNETLINK answers|Error): /

/** What iproute2 says of its own arguments before it asks the kernel (lib/utils.c). */
const USAGE =
  /^Usage: |^(Object|Command) ".*" is unknown|^Error: (argument|either|any|an?|inet6?|some|unknown) .*(wrong|garbage|expected|invalid)|^Not enough information/

/** `kernel`, the program's name, or `said` where a line is the shell's own or nobody's in particular. */
export function speakerOf(command: string, line: string): string {
  if (/^(\/\S*\/)?(ba)?sh: /.test(line)) return 'said'
  if (/^(Cannot open network namespace|setting the network namespace|exec of) /.test(line)) return 'ip'
  const program = programOf(command)
  if (USAGE.test(line)) return program ?? 'said'
  if (KERNEL.test(line) || (program !== undefined && MESSENGERS.has(program))) return 'kernel'
  return program ?? 'said'
}

/** The program that a plain line runs, also in another namespace; undefined where the line is more than one command. */
function programOf(command: string): string | undefined {
  const plain = command.replace(/\d*[<>]+&?\s*[\w./-]+/g, ' ')
  if (/[;&|`(){}<>\n]/.test(plain)) return undefined
  const words = plain.trim().split(/\s+/)
  while (/^\w+=/.test(words[0] ?? '') || words[0] === 'exec' || words[0] === 'command') words.shift()
  const [first = '', second, third, , ...inside] = words
  if (first === 'ip' && /^n/.test(second ?? '') && third === 'exec' && inside.length > 0) return programOf(inside.join(' '))
  const name = first.split('/').at(-1) ?? ''
  return /^[\w.+-]+$/.test(name) ? name : undefined
}
