// Kernel switches (sysctl) that are set otherwise. Pure.
import type {NamespaceFacts} from '../../facts/facts.ts'
import type {Cause} from '../../model.ts'
import type {Change, Scene} from './change.ts'
import {ipv6Lines, isIpv6Off, withIpv6} from './ipv6.ts'

/** Which fault a setting is, by the end of its name. */
const SETTINGS: readonly (readonly [RegExp, Cause])[] = [
  [/^ipv4\.ip_forward$|\.forwarding$/, 'forwarding-off'],
  [/\.rp_filter$/, 'reverse-path-filter'],
  [/\.arp_(ignore|filter|announce)$/, 'arp-suppressed'],
  [/\.proxy_arp$/, 'proxy-arp-missing'],
  [/echo_ignore_all$/, 'echo-ignored'],
  [/\.disable_ipv6$/, 'ipv6-disabled'],
  [/nf_conntrack_max$/, 'conntrack-full'],
  [/bridge-nf-call/, 'bridge-filter-drop'],
  [/\.(accept_local|route_localnet)$/, 'martian-source'],
]

/** Kernel switches that matter to a packet and are set otherwise. */
export function settingChanges({was, is, run, inside}: Scene): Change[] {
  const changed = [...is.sysctls].filter(
    ([name, value]) => !name.endsWith('nf_conntrack_count') && ![undefined, value].includes(settingIn(was, name)),
  )
  const names = new Set(changed.map(([name]) => name))
  return changed.flatMap(([name, value]): Change[] => {
    if (followsAll(name, names)) return []
    const old = settingIn(was, name) ?? ''
    const cause = SETTINGS.find(([pattern]) => pattern.test(name))?.[1]
    if (cause === undefined) return []
    return [
      {
        kind: 'setting',
        cause,
        object: `net.${name}`,
        evidence: `net.${name} was ${old}, and is ${value}`,
        undo: [
          `${run}sysctl -w net.${name}=${old}`,
          ...(cause === 'ipv6-disabled' ? ipv6Lines(was, devicesOf(name, was, is), inside) : []),
        ],
        revert: (now) => {
          const reverted = revertSettings(now, was, name)
          return cause === 'ipv6-disabled' ? withIpv6(was, reverted, devicesOf(name, was, is)) : reverted
        },
      },
    ]
  })
}

/** One that stands for all devices sets theirs too. */
export function followsAll(name: string, changed: ReadonlySet<string>): boolean {
  if (/^ipv4\.conf\..*\.forwarding$/.test(name)) return changed.has('ipv4.ip_forward')
  return /^ipv6\.conf\.(?!all\.).*\.(forwarding|disable_ipv6)$/.test(name) && changed.has(name.replace(/conf\.[^.]+\./, 'conf.all.'))
}

/** A device that was not there takes what is set for new ones (ip-sysctl: conf/default). */
function settingIn({sysctls}: NamespaceFacts, name: string): string | undefined {
  return sysctls.get(name) ?? sysctls.get(name.replace(/^(ipv[46]\.conf)\.[^.]+\./, '$1.default.'))
}

/** The devices on which the switch has put IPv6 off. */
function devicesOf(name: string, was: NamespaceFacts, is: NamespaceFacts): string[] {
  const [, device] = /^ipv6\.conf\.(.*)\.disable_ipv6$/.exec(name) ?? []
  return was.links.map((link) => link.name).filter((each) => (device === 'all' || device === each) && isIpv6Off(was, is, each))
}

function revertSettings(now: NamespaceFacts, was: NamespaceFacts, name: string): NamespaceFacts {
  const sysctls = new Map(now.sysctls)
  const all =
    name === 'ipv4.ip_forward'
      ? /^ipv4\.conf\..*\.forwarding$/
      : name === 'ipv6.conf.all.forwarding'
        ? /^ipv6\.conf\..*\.forwarding$/
        : name === 'ipv6.conf.all.disable_ipv6'
          ? /^ipv6\.conf\..*\.disable_ipv6$/
          : undefined
  sysctls.set(name, settingIn(was, name) ?? '')
  for (const [each, value] of was.sysctls) if (all?.test(each)) sysctls.set(each, value)
  return {...now, sysctls, forwarding: {4: sysctls.get('ipv4.ip_forward') === '1', 6: sysctls.get('ipv6.conf.all.forwarding') === '1'}}
}
