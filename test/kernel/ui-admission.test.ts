// Who gets podwire ui's page, and who gets nothing: each request that is refused stands beside its like that is let in.
import {once} from 'node:events'
import {request as httpRequest, type RequestOptions} from 'node:http'
import {connect} from 'node:net'
import {eventually} from '../tools/eventually.ts'
import {beginUi, enter, homeOfLab, type Live, openSocket, shellsIn, upgradeStatus} from './tools/live.ts'
import {LOCAL, onEach} from './tools/runners.ts'
import {mistakesIn} from './tools/schema.ts'

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** As a client that sends what it likes: fetch(3) sets Host and Origin itself. */
function ask({origin}: Live, path: string, options: RequestOptions & {readonly body?: Buffer} = {}): Promise<Answer> {
  const {hostname, port} = new URL(origin)
  const {body, ...rest} = options
  return new Promise((resolve, reject) => {
    const sent = httpRequest({hostname, port, path, ...rest}, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (piece: string) => {
        text += piece
      })
      answer.once('close', () => resolve({status: answer.statusCode ?? 0, headers: answer.headers, body: text}))
    })
    // What is refused is not read to its end: the answer may be lost with the line.
    sent.once('error', (error: NodeJS.ErrnoException) =>
      ['ECONNRESET', 'EPIPE'].includes(error.code ?? '') ? resolve({status: 0, headers: {}, body: ''}) : reject(error),
    )
    sent.end(body)
  })
}

onEach(LOCAL, 'the link opens one session, once, and nothing is served without one', async (t, runner) => {
  await using home = await homeOfLab(t, runner)
  const live = await beginUi(t, home)
  t.deepEqual(mistakesIn(JSON.parse(live.begun.text()), 'ui'), [])
  const {pathname, search} = new URL(live.link)

  for (const path of ['/', '/page.js', '/page.css', '/nowhere', '/?token=', `/?token=${'x'.repeat(43)}`, `/page.js${search}`]) {
    const {status, body} = await ask(live, path)
    t.is(status, 403, path)
    t.false(body.includes('live'), path)
  }
  // A link that something looks at without opening it stays good; and one that is asked for by another name.
  t.is((await ask(live, `${pathname}${search}`, {method: 'HEAD'})).status, 403)
  t.is((await ask(live, `${pathname}${search}`, {headers: {host: 'podwire.example'}})).status, 403)
  t.is((await ask(live, `${pathname}${search}`, {headers: {origin: 'http://podwire.example'}})).status, 403)

  const entered = await ask(live, `${pathname}${search}`)
  t.is(entered.status, 200)
  const [cookie = ''] = entered.headers['set-cookie'] ?? []
  t.regex(cookie, /^podwire-\d+=[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/$/)
  t.regex(String(entered.headers.refresh), /^0; url=\/#[\w-]{43}$/)
  const again = await ask(live, `${pathname}${search}`)
  t.deepEqual([again.status, again.headers['set-cookie']], [403, undefined])
  t.regex(again.body, /has been used/)

  const own = {cookie: cookie.split(';')[0] ?? ''}
  const page = await ask(live, '/', {headers: own})
  t.is(page.status, 200)
  t.regex(page.body, /lab live/)
  for (const [name, value] of Object.entries({
    'x-content-type-options': /^nosniff$/,
    'cache-control': /^no-store$/,
    'referrer-policy': /^no-referrer$/,
    'content-security-policy': /default-src 'none'; script-src 'self';.*frame-ancestors 'none'/,
  }))
    t.regex(String(page.headers[name]), value)
  t.is(page.headers['access-control-allow-origin'], undefined)

  // The same request, with one thing that is not right.
  for (const [what, headers] of Object.entries({
    'another cookie': {cookie: `${own.cookie.slice(0, -1)}_`},
    'the cookie of another port': {cookie: own.cookie.replace(/podwire-\d+/, 'podwire-1')},
    'another host': {...own, host: `podwire.example:${new URL(live.origin).port}`},
    'another name of this machine': {...own, host: `localhost:${new URL(live.origin).port}`},
    'another port': {...own, host: '127.0.0.1:1'},
    'another origin': {...own, origin: 'http://podwire.example'},
    'the origin of another port': {...own, origin: 'http://127.0.0.1:1'},
    'no origin of its own': {...own, origin: 'null'},
    'another site': {...own, 'sec-fetch-site': 'cross-site'},
    'another port of this site': {...own, 'sec-fetch-site': 'same-site'},
  }))
    t.is((await ask(live, '/', {headers})).status, 403, what)
  t.is((await ask(live, '/', {headers: {...own, origin: live.origin, 'sec-fetch-site': 'same-origin'}})).status, 200)

  for (const path of [
    '/../../etc/passwd',
    '/..%2f..%2fetc%2fpasswd',
    '//etc/passwd',
    '/page.js/../../package.json',
    '/%00',
    '/page.js%00',
    '*',
  ])
    t.true([400, 404].includes((await ask(live, path, {headers: own})).status), path)
  t.is((await ask(live, '/page.js', {headers: own})).status, 200)

  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND'])
    t.is((await ask(live, '/', {method, headers: own})).status, 405, method)
  const huge = Buffer.alloc(64 << 20)
  t.true([0, 405].includes((await ask(live, '/', {method: 'POST', headers: own, body: huge})).status))
  t.true([0, 403].includes((await ask(live, '/', {method: 'POST', body: huge})).status))
  t.is((await ask(live, '/', {headers: {...own, 'x-long': 'x'.repeat(1 << 14)}})).status, 431)
  t.is((await ask(live, '/', {headers: own})).status, 200) // and it serves on
})

/** Who is asked makes no difference. */
const ONE = LOCAL.filter(({missing}) => missing === undefined).slice(0, 1)

onEach(ONE, 'a websocket is opened by the page alone', async (t, runner) => {
  await using home = await homeOfLab(t, runner)
  const live = await beginUi(t, home)
  const {cookie, key} = await enter(live)
  const {origin} = live
  const right = {origin, cookie}
  const url = (path: string) => `${origin.replace('http', 'ws')}${path}`
  const wrong: Readonly<Record<string, readonly [readonly string[], Readonly<Record<string, string>>]>> = {
    'no cookie': [['podwire', key], {origin}],
    'no key': [['podwire'], right],
    'no subprotocol': [[], right],
    'another key': [['podwire', 'x'.repeat(43)], right],
    'another origin': [['podwire', key], {...right, origin: 'http://podwire.example'}],
    'the origin of another port': [['podwire', key], {...right, origin: 'http://127.0.0.1:1'}],
    'no origin': [['podwire', key], {cookie}],
    'another host': [['podwire', key], {...right, host: 'podwire.example'}],
  }
  for (const path of ['/live', '/shell?place=node1'])
    for (const [what, [protocols, headers]] of Object.entries(wrong))
      t.is(await upgradeStatus(url(path), protocols, headers), 403, `${path}: ${what}`)
  t.is(await upgradeStatus(url('/'), ['podwire', key], right), 404)
  t.is(await shellsIn(home), 0)

  t.is(await upgradeStatus(url('/live'), ['podwire', key], right), 101)
  using shell = await openSocket(live, {cookie, key}, '/shell?place=node1')
  t.is(
    await eventually(
      () => shellsIn(home),
      (count) => count > 0,
    ),
    1,
  )
  shell.socket.terminate()
  t.is(
    await eventually(
      () => shellsIn(home),
      (count) => count === 0,
    ),
    0,
  )
})

onEach(ONE, 'it is bound to loopback, and a port is asked for', async (t, runner) => {
  await using home = await homeOfLab(t, runner)
  const live = await beginUi(t, home)
  const {port} = new URL(live.origin)
  // All of 127.0.0.0/8 is this machine, and it is on one address of it.
  const elsewhere = connect({host: '127.0.0.2', port: Number(port)})
  const [error] = (await once(elsewhere, 'error')) as [NodeJS.ErrnoException]
  t.is(error.code, 'ECONNREFUSED')
  const here = connect({host: '127.0.0.1', port: Number(port)})
  await once(here, 'connect')
  here.destroy()

  const taken = await home.podwire(['ui', '--port', port])
  t.is(taken.code, 3)
  t.regex(taken.stderr, /^error\[port-in-use\]: port \d+ is taken on 127\.0\.0\.1\n {3}= help: another --port/)
  for (const bad of ['-1', '65536', 'http', '1.5', '']) {
    const {code, stderr} = await home.podwire(['ui', '--port', bad])
    t.is(code, 2, bad)
    t.regex(stderr, /It takes a number from 0 to 65535\./, bad)
  }
  live.begun.process.kill('SIGINT')
  t.is((await live.begun.ended).code, 130)
  const chosen = await beginUi(t, home, ['--port', port])
  t.is(new URL(chosen.origin).port, port)
})
