// A claim as one would say it. Data in, text out.
import type {Claim} from '../model.ts'
import {wordsOf} from './expectation.ts'
import {isPairClaim} from './pairs.ts'

/** `reach pod1 -> pod3 fails: no-route at node1`, `node1# ip route show prints 'via 192.168.1.12' within 10 s` */
export function claimWords(claim: Claim): string {
  return `${saidOf(claim)}${'within' in claim && claim.within !== undefined ? ` within ${timeWords(claim.within)}` : ''}`
}

function saidOf(claim: Claim): string {
  if (claim.check === 'command') {
    const {place, command, exit, prints} = claim
    const line = `${place}# ${command.replaceAll('\n', '; ')}`
    if (exit === 'failure') return `${line} fails: ${prints.join(', ')}`
    return prints.length === 0 ? line : `${line} prints ${prints.map(quoted).join(', ')}`
  }
  if (claim.check === 'wire') {
    const {encapsulation, vni} = claim.carries
    return `wire ${claim.from} -> ${claim.to}: ${encapsulation}${vni === undefined ? '' : ` ${vni}`}`
  }
  if (claim.check === 'hops') return `hops ${claim.from} -> ${claim.to}: ${claim.routers}`
  const fails = claim.fails ? ` fails: ${wordsOf(claim.fails)}` : ''
  if (!isPairClaim(claim)) return `${claim.check}${claim.places ? ` of ${claim.places.join(', ')}` : ''}${fails}`
  const {from, to} = claim
  const check = claim.only === undefined ? claim.check : `${claim.check} ${claim.only}`
  if (!from || !to) return `${check}${fails}`
  return `${check} ${from === to || from.join() === to.join() ? `among ${from.join(', ')}` : `${from.join(', ')} -> ${to.join(', ')}`}${fails}`
}

function quoted(text: string): string {
  return text.includes("'") ? `"${text}"` : `'${text}'`
}

/** Whole seconds as seconds. @param time milliseconds */
export function timeWords(time: number): string {
  return time % 1000 === 0 ? `${time / 1000} s` : `${time} ms`
}
