// Who may have the page. Everybody on this machine can connect to a loopback port, and so can every web page that a browser
// here shows; so a request is let in by what it proves, before anything else of it is looked at.
//
// The link's token is good for one exchange. What it is exchanged for is two secrets: a cookie, which scripts cannot read and
// other sites' requests do not carry, and a key, which the page keeps for itself. Cookies do not know ports (RFC 6265, 8.5):
// another server on this address is sent ours. Without the key it can open no websocket, and everything that tells of the lab
// or acts on it goes over websockets. The key travels in the link's fragment, which no browser sends anywhere.
import {createHash, randomBytes, timingSafeEqual} from 'node:crypto'
import type {IncomingHttpHeaders} from 'node:http'
import {SUBPROTOCOL} from './protocol.ts'

export interface Admission {
  /** Path and query of the link, with the token. */
  readonly link: string
  readonly origin: string
  /** Why a request for a page or a part of it is refused; undefined where it is let in. */
  refusesPage(request: Asked): string | undefined
  /** Takes the token, once. @returns what a browser is to keep, or why there is nothing for it */
  exchange(request: Asked, token: string): Session | string
  refusesSocket(request: Asked): string | undefined
}

export interface Asked {
  readonly method?: string | undefined
  readonly headers: IncomingHttpHeaders
}

export interface Session {
  /** Set-Cookie. */
  readonly cookie: string
  readonly key: string
}

export function admission(port: number): Admission {
  const host = `127.0.0.1:${port}`
  const origin = `http://${host}`
  const name = `podwire-${port}`
  const [token, session, key] = [secret(), secret(), secret()]
  let spent = false

  /** A page of another name that has our address (DNS rebinding) still sends its own name here. */
  function refusesHost({headers}: Asked): string | undefined {
    if (headers.host !== host) return `this is ${host}, and no other host`
    if (headers.origin !== undefined && headers.origin !== origin) return 'another origin asks'
    return undefined
  }

  function refusesCookie({headers}: Asked): string | undefined {
    const own = (headers.cookie ?? '').split('; ').find((pair) => pair.startsWith(`${name}=`))
    return own !== undefined && same(own.slice(name.length + 1), session) ? undefined : 'no session: open the link that podwire ui printed'
  }

  return {
    link: `/?token=${token}`,
    origin,

    refusesPage(request) {
      // Fetch Metadata: what else of this browser asks. A link from elsewhere brings no cookie either (SameSite).
      const site = request.headers['sec-fetch-site']
      const foreign = site !== undefined && site !== 'same-origin' && site !== 'none' ? 'another site asks' : undefined
      return refusesHost(request) ?? foreign ?? refusesCookie(request)
    },

    exchange(request, offered) {
      const refused = refusesHost(request)
      if (refused !== undefined) return refused
      if (request.method !== 'GET' || !same(offered, token)) return 'this is not the link that podwire ui printed'
      if (spent) return 'this link has been used: it opens one browser, once. End podwire ui and start it again for another'
      spent = true
      return {cookie: `${name}=${session}; HttpOnly; SameSite=Strict; Path=/`, key}
    },

    refusesSocket(request) {
      if (request.headers.origin === undefined) return 'no origin'
      const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((word) => word.trim())
      const refused = refusesHost(request) ?? refusesCookie(request)
      return refused ?? (offered[0] === SUBPROTOCOL && same(offered[1] ?? '', key) ? undefined : 'no key')
    },
  }
}

/** 256 bits, as a URL and a header take them. */
function secret(): string {
  return randomBytes(32).toString('base64url')
}

/** In a time that says nothing of where they differ. */
function same(a: string, b: string): boolean {
  const [one, other] = [a, b].map((text) => createHash('sha256').update(text).digest())
  return one !== undefined && other !== undefined && timingSafeEqual(one, other)
}
