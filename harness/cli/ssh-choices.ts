// The ssh driver's options on the command line. In a file of its own because ssh2 takes a while to load: who only wants to
// know whether they fit need not load it.
import {UsageError} from './exit.ts'

/** As commander gives them. */
export interface SshChoices {
  readonly inventory?: string
  readonly node?: readonly string[]
  readonly sshConfig?: string
  readonly acceptNew?: boolean
  readonly bare?: boolean
  readonly allowCutoff?: boolean
  readonly underlay?: 'vxlan' | 'macvlan'
}

/** Options of the ssh driver mean nothing to others. @throws UsageError */
export function assertSsh(driver: string, choices: SshChoices): void {
  if (driver === 'ssh') return
  const given = (['inventory', 'node', 'sshConfig', 'acceptNew', 'bare', 'allowCutoff', 'underlay'] as const).filter(
    (key) => choices[key] !== undefined,
  )
  const [first] = given
  if (first === undefined) return
  const option = `--${first.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
  throw new UsageError(`${option} is of the ssh driver`, ['add --driver ssh'])
}
