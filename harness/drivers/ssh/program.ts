// Perl programs that run on a machine as root, without a file there: a small shell line starts perl, which reads the
// program's text from its standard input and becomes it.
import {readFileSync} from 'node:fs'
import {NODE_ENVIRONMENT} from '../../session.ts'

const BOOTSTRAP = '$n=shift;$s="";while(length($s)<$n){sysread(STDIN,$s,$n-length($s),length($s))||exit 70}eval $s;die $@ if $@'

const source = (file: string) => readFileSync(new URL(file, import.meta.url))

export const CONTROL = Buffer.concat(['snapshot.pl', 'undo.pl', 'holder.pl', 'control.pl'].map(source))
export const MULTIPLEXER = source('multiplexer.pl')

/** Exit codes of the line itself. */
export const NO_SUDO = 77
export const NO_PERL = 78

/** argv for a program; the program's text goes to its standard input. What the machine adds to its arguments comes last. */
export function perlArgv(program: Buffer, ...args: string[]): string[] {
  return ['perl', '-e', BOOTSTRAP, String(program.length), ...args]
}

/**
 * The line that sshd hands to the user's login shell, whichever that is: sh becomes root's argv, with a node's environment,
 * by sudo where it is not root already, which never asks (-n).
 * @param first says `sudo`, in a line of its own, where that is taken; and hands SSH_CONNECTION on as the last argument,
 *   which sudo does not
 */
export function asRoot(argv: readonly string[], environment: Readonly<Record<string, string>> = {}, first = false): string {
  const set = Object.entries({...NODE_ENVIRONMENT, ...environment}).map(([name, value]) => `${name}=${value}`)
  const line =
    `PATH=$PATH:${NODE_ENVIRONMENT.PATH}; command -v perl >/dev/null || exit ${NO_PERL}; as=; ` +
    `if [ "$(id -u)" != 0 ]; then command -v sudo >/dev/null || { echo "there is no sudo" >&2; exit ${NO_SUDO}; }; as="sudo -n --"; ${first ? 'echo sudo; ' : ''}fi; ` +
    `exec $as env -i "$@"${first ? ' "$SSH_CONNECTION"' : ''}`
  return `exec sh -c ${quoted(line)} podwire ${[...set, ...argv].map(quoted).join(' ')}`
}

/** A word for any login shell. What it holds is podwire's own: none has a quote. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}
