// How one engine of several is reached: plain data, so that another podwire can reach it again. Given as an address (unix://,
// tcp://, http://, https://, ssh://) or as the name of a Docker context.
import {isAbsolute, resolve} from 'node:path'
import * as v from 'valibot'
import {readContexts} from './contexts.ts'
import {configFolder, materialIn} from './folder.ts'

export const ENDPOINT = v.object({
  /** As it was given: an address, or a context's name. */
  name: v.string(),
  url: v.string(),
  /** Files; those that are not there are left out. */
  tls: v.optional(
    v.object({
      ca: v.optional(v.string()),
      cert: v.optional(v.string()),
      key: v.optional(v.string()),
      /** False where a context says so: whoever answers is believed. */
      verify: v.boolean(),
    }),
  ),
})

export type Endpoint = v.InferOutput<typeof ENDPOINT>

const SCHEMES = ['unix', 'tcp', 'http', 'https', 'ssh']

/** What was given names no engine. */
export class EndpointError extends Error {
  override readonly name = 'EndpointError'
  readonly help: readonly string[]
  /** A name that is none, and those that would have been. */
  readonly mistaken: {readonly name: string; readonly known: readonly string[]} | undefined

  constructor(message: string, help: string | {readonly name: string; readonly known: readonly string[]} | undefined = undefined) {
    super(message)
    this.help = typeof help === 'string' ? [help] : []
    this.mistaken = typeof help === 'object' ? help : undefined
  }
}

/**
 * @param text unix:///run/docker.sock, tcp://10.0.0.7:2376, ssh://user@host, host:port for tcp, or a context's name
 * @throws EndpointError
 */
export function endpointFor(text: string, env: NodeJS.ProcessEnv = process.env): Endpoint {
  if (isAbsolute(text)) throw new EndpointError(`${text} is no address of an engine`, `did you mean unix://${text}?`)
  if (text.includes('://') || /^[^/]+:\d+$/.test(text)) return atAddress(text, env)
  const contexts = readContexts(env)
  const found = contexts.find(({name}) => name === text)
  if (found && 'why' in found) throw new EndpointError(`the Docker context ${text} cannot be used: ${found.why}`)
  if (found) return {name: text, url: found.host, ...(found.tls && {tls: found.tls})}
  if (text !== 'default')
    throw new EndpointError(`there is no Docker context ${text}`, {name: text, known: [...contexts.map(({name}) => name), 'default']})
  // Docker's own word for what is used without a context (docker-context(1)).
  return {...atAddress(env.DOCKER_HOST || 'unix:///var/run/docker.sock', env), name: 'default'}
}

function atAddress(text: string, env: NodeJS.ProcessEnv): Endpoint {
  const url = text.includes('://') ? text : `tcp://${text}`
  const scheme = url.slice(0, url.indexOf('://'))
  if (!SCHEMES.includes(scheme)) throw new EndpointError(`no engine is reached by ${scheme}://`, {name: scheme, known: SCHEMES})
  if (scheme === 'unix') {
    if (!url.startsWith('unix:///')) throw new EndpointError(`${text} has no path`, 'it takes unix:///PATH, with three slashes')
    return {name: text, url}
  }
  if (!URL.canParse(url) || new URL(url).hostname === '') throw new EndpointError(`${text} has no host`, `it takes ${scheme}://HOST`)
  const {port} = new URL(url)
  if (scheme === 'ssh') return {name: text, url}
  if (scheme === 'tcp' && port === '') throw new EndpointError(`${text} has no port`, 'engines listen at 2376 with TLS, else at 2375')
  // As docker-modem decides it: by DOCKER_TLS_VERIFY, or by the port that is Docker's for TLS.
  const secure = scheme === 'https' || (scheme === 'tcp' && (env.DOCKER_TLS_VERIFY === '1' || port === '2376'))
  return secure ? {name: text, url, tls: {...materialIn(certificateFolder(env)), verify: true}} : {name: text, url}
}

function certificateFolder(env: NodeJS.ProcessEnv): string {
  return resolve(env.DOCKER_CERT_PATH || configFolder(env))
}
