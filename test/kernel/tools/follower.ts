// Follows podwire ui from where it runs, for tests that are elsewhere: node follower.ts LINK. Prints a line whenever another number
// of pairs reaches, and what a shell at node1 shows once it is there.
import {setTimeout as sleep} from 'node:timers/promises'
import {enter, openSocket} from './live.ts'

const [, , link = ''] = process.argv
const {origin} = new URL(link)
const session = await enter({link})
const page = await openSocket({origin}, session, '/live')
const shell = await openSocket({origin}, session, '/shell?place=node1')
shell.socket.send(Buffer.from("echo 'shell' is at $(stty size)\r"))
let [reaching, told, shown] = [-1, 0, false]
while (page.socket.readyState === 1) {
  await sleep(20)
  if (page.told.length > told) {
    told = page.told.length
    const now = page.look()?.reaching.size ?? reaching
    if (now !== reaching) console.log(`${now} pairs reach`)
    reaching = now
  }
  const [line] = /^shell is at .*\r$/m.exec(shell.text()) ?? []
  if (line && !shown) console.log(line.trim())
  shown ||= line !== undefined
}
console.log(page.told.at(-1)?.kind)
