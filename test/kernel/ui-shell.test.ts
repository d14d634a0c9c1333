// A place's shell over a websocket: a terminal with a size, Ctrl-C, an end.
import {once} from 'node:events'
import {eventually} from '../tools/eventually.ts'
import {beginUi, enter, homeOfLab, openSocket, shellsIn} from './tools/live.ts'
import {ALL, LOCAL, onEach} from './tools/runners.ts'

onEach(ALL, 'a shell in the page is a terminal at its place', async (t, runner) => {
  await using home = await homeOfLab(t, runner)
  const live = await beginUi(t, home)
  const session = await enter(live)
  for (const [place, address] of [
    ['node2', '192.168.1.12'],
    ['pod3', '10.244.2.2'],
  ] as const) {
    using shell = await openSocket(live, session, `/shell?place=${place}&rows=33&columns=101`)
    const type = (text: string) => shell.socket.send(Buffer.from(text))
    const shows = async (words: RegExp) => t.regex(await eventually(shell.text, (text) => words.test(text)), words)
    const closed = once(shell.socket, 'close')
    await shows(new RegExp(`${place}# $`))
    type('stty size; hostname -I 2>/dev/null || ip -4 -o addr; tty\r')
    await shows(/^33 101\r$/m)
    await shows(new RegExp(address.replaceAll('.', '\\.')))
    await shows(/^\/dev\/pts\/\d+\r$/m)
    shell.socket.send(JSON.stringify({rows: 50, columns: 132}))
    type("trap 'echo resi''zed' WINCH; stty size\r")
    await shows(/^50 132\r$/m)
    shell.socket.send(JSON.stringify({rows: 51, columns: 132}))
    await shows(/resized\r$/m)
    type('sleep 1000\r')
    await shows(/sleep 1000\r\n/)
    type('\x03')
    type('echo "code $?"\r')
    await shows(/^code 130\r$/m)
    type("printf 'gr\\303\\274n\\n'\r")
    await shows(/^grün\r$/m)
    type('exit 7\r')
    const [code, reason] = (await closed) as [number, Buffer]
    t.deepEqual([code, reason.toString()], [4000, '7'])
  }
})

onEach(ALL, 'a page that has another size before the terminal is made gets a terminal of that size', async (t, runner) => {
  await using home = await homeOfLab(t, runner)
  const live = await beginUi(t, home)
  using shell = await openSocket(live, await enter(live), '/shell?place=pod1&rows=10&columns=2')
  shell.socket.send(JSON.stringify({rows: 44, columns: 99}))
  shell.socket.send(Buffer.from('stty size\r'))
  t.regex(await eventually(shell.text, (text) => /^\d+ \d+\r$/m.test(text)), /^44 99\r$/m)
})

onEach(LOCAL, 'a shell ends with its page, and all that was started in it', async (t, runner) => {
  await using home = await homeOfLab(t, runner)
  const live = await beginUi(t, home)
  const session = await enter(live)
  for (const how of ['close', 'terminate'] as const) {
    using shell = await openSocket(live, session, '/shell?place=node1')
    // In the background, deaf to a hangup, and in front.
    shell.socket.send(Buffer.from("(trap '' HUP; sleep 1001) & nohup sleep 1002 >/dev/null 2>&1 & sleep 1003\r"))
    const sleeping = async () => {
      const {stdout} = await home.podwire(['exec', 'node1', '--', 'sh', '-c', 'ps -eo args= | grep -cE "^sleep 100[123]$"; true'])
      return Number(stdout)
    }
    t.is(await eventually(sleeping, (count) => count === 3), 3)
    shell.socket[how]()
    t.is(await eventually(sleeping, (count) => count === 0), 0, how)
    t.is(await shellsIn(home), 0)
  }
})

onEach(LOCAL, 'a shell that prints for ever waits for the page, and Ctrl-C ends what prints', async (t, runner) => {
  await using home = await homeOfLab(t, runner)
  const live = await beginUi(t, home)
  using shell = await openSocket(live, await enter(live), '/shell?place=pod1')
  const {socket} = shell
  await eventually(shell.text, (text) => text.endsWith('pod1# '))
  // From now on the page shows nothing, and says so by saying nothing.
  socket.removeAllListeners('message')
  let came = 0
  socket.on('message', (data: Buffer) => {
    came += data.length
  })
  socket.send(Buffer.from('yes\r'))
  await eventually(
    () => came,
    (bytes) => bytes > 1 << 18,
  )
  let before = -1
  await eventually(
    async () => {
      before = came
      await new Promise((resolve) => setTimeout(resolve, 300))
      return came - before
    },
    (more) => more === 0,
  )
  t.is(came, before)
  t.true(came < 1 << 20, `${came} bytes`)
  socket.send(JSON.stringify({shown: came}))
  await eventually(
    () => came,
    (bytes) => bytes > before,
  )
  t.true(came > before)
  let tail = ''
  socket.on('message', (data: Buffer) => {
    tail = `${tail}${data}`.slice(-200)
    socket.send(JSON.stringify({shown: data.length}))
  })
  socket.send(Buffer.from('\x03'))
  socket.send(JSON.stringify({shown: came}))
  await eventually(
    () => tail,
    (text) => /\^C\r\n.*pod1# $/s.test(text),
  )
  t.regex(tail, /\^C\r\n.*pod1# $/s)
})

onEach(LOCAL, 'where there is no place, or nothing runs there, the page is told why', async (t, runner) => {
  await using home = await homeOfLab(t, runner)
  const live = await beginUi(t, home)
  const session = await enter(live)
  const refusal = async (query: string) => {
    using shell = await openSocket(live, session, `/shell${query}`)
    const [code, reason] = (await once(shell.socket, 'close')) as [number, Buffer]
    return [code, reason.toString()]
  }
  t.deepEqual(await refusal('?place=pod9'), [4001, 'no place pod9 in this lab'])
  t.deepEqual(await refusal(''), [4001, 'no place  in this lab'])
  t.deepEqual(await refusal(`?place=${encodeURIComponent('node1/../x')}`), [4001, '.. cannot name a network namespace'])
  const [code, reason] = await refusal('?place=node1/nowhere')
  t.is(code, 4001)
  t.regex(String(reason), /Cannot open network namespace "nowhere": No such file or directory/)
  using odd = await openSocket(live, session, '/shell?place=node1&rows=0&columns=x')
  await eventually(odd.text, (text) => text.endsWith('node1# '))
  odd.socket.send(Buffer.from('stty size\r'))
  t.regex(await eventually(odd.text, (text) => /^24 80\r$/m.test(text)), /^24 80\r$/m)
  odd.socket.send('{"rows":-1,"columns":5}')
  t.is((await once(odd.socket, 'close'))[0], 1008)
})
