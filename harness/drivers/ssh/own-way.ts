// The way of podwire's own connection on a machine: what a line must not take away.
import type {Machine} from './machine.ts'

/** How podwire's connection comes and goes on the machine, as control.pl tells it (about). */
export interface OwnWay {
  readonly client: string
  /** The address it came in by. */
  readonly server: string
  readonly port: number
  /** The device that holds that address, and those below it: ports of a bridge, a VLAN's parent. */
  readonly devices: readonly string[]
  /** What answers leave by: default, or a prefix; and through whom. */
  readonly route: string
  readonly via?: string | undefined
  /** Hooks of nft chains: `inet filter input` -> input. */
  readonly hooks: ReadonlyMap<string, string>
}

/** Undefined where sshd did not say who came in. */
export async function ownWay(machine: Machine): Promise<OwnWay | undefined> {
  const about = await machine.about()
  const [client, server] = [about.get('client'), about.get('server')]
  if (!client || !server) return undefined
  const [route = 'default', ...words] = (about.get('route') ?? '').split(' ')
  return {
    client,
    server,
    port: Number(about.get('port')),
    devices: (about.get('devices') ?? '').split(' '),
    route,
    via: wordAfter(words, 'via'),
    hooks: new Map((about.get('hooks') ?? '').split(',').map((each) => each.split('=') as [string, string])),
  }
}

export function wordAfter(words: readonly string[], word: string): string | undefined {
  const at = words.indexOf(word)
  return at < 0 ? undefined : words[at + 1]
}
