// The kernel's switches. Pure. Every device has its own of each: only what was another before is told.
import {followsAll} from '../../diagnose/differences/settings.ts'
import type {NamespaceFacts} from '../../facts/facts.ts'
import type {Line, Sort} from './line.ts'

/** Told of a new namespace, too: none forwards by itself. */
export const FORWARDS: Sort = {
  what: 'forwarding',
  tools: ['grep'],
  lines: ({forwarding}) => ([4, 6] as const).flatMap((family) => (forwarding[family] ? [{text: `forwards IPv${family}`}] : [])),
}

export const SETTINGS_COMPARED = 'the kernel’s switches (sysctl) that matter to packets'

/** `net.ipv4.conf.eth0.rp_filter 0 → 1` */
export function settingLines(was: NamespaceFacts, is: NamespaceFacts): Line[] {
  const changed = [...is.sysctls].flatMap(([name, value]) => {
    // A device that is new takes what is set for new ones (ip-sysctl, conf/default).
    const old = was.sysctls.get(name) ?? is.sysctls.get(name.replace(/^(ipv[46]\.conf)\.[^.]+\./, '$1.default.'))
    // How many connections are followed comes and goes.
    return old === undefined || old === value || name.endsWith('nf_conntrack_count') ? [] : [{name, old, value}]
  })
  const names = new Set(changed.map(({name}) => name))
  return changed
    .filter(({name}) => !TOLD_ABOVE.includes(name) && !followsAll(name, names))
    .map(({name, old, value}) => ({text: `net.${name} ${old} → ${value}`, ...devOf(name, is)}))
}

const TOLD_ABOVE: readonly string[] = ['ipv4.ip_forward', 'ipv6.conf.all.forwarding']

function devOf(name: string, {links}: NamespaceFacts): {readonly dev?: string} {
  const dev = /^ipv[46]\.conf\.(.+)\.\w+$/.exec(name)?.[1]
  return dev !== undefined && links.some((link) => link.name === dev) ? {dev} : {}
}
