// A kept lab has no podwire that could crash: what can is the `up` that makes it, the process that keeps it, and another lab.
import {ownMachine} from './tools/own-machine.ts'
import {LOCAL, onEach} from './tools/runners.ts'
import {threeNodesAnd} from './tools/scenarios.ts'

const SLOW = threeNodesAnd('      sysctl -w net.ipv4.ip_forward=0')

onEach(LOCAL, 'SIGKILL during up leaves nothing, and ls and down know of nothing', async (t, runner) => {
  using machine = ownMachine(runner)
  const slow = machine.write('slow.ts', SLOW)
  const {code, output} = await machine.run(`
    cd /run; state >before
    for stage in "grep -qs '^driver local' shown" probing; do
      : >shown
      podwire up ${slow} --driver local --patience 20 >shown 2>&1 & pid=$!
      until_so eval "$stage"
      kill -KILL $pid; wait $pid
      gone; state >after; diff before after || exit 94
      [ "$(podwire ls --json | tr -d ' \\n')" = '{"format":1,"kind":"labs","labs":[]}' ] || exit 95
      (podwire down --all) || exit 96
    done
  `)
  t.is(code, 0, output)
})

onEach(LOCAL, 'up, then down, leaves nothing', async (t, runner) => {
  using machine = ownMachine(runner)
  const {code, output} = await machine.run(`
    cd /run; state >before
    (podwire up three-nodes --driver local >/dev/null) || exit 92
    ! alone || exit 93 # the lab is there
    (podwire down) || exit 95
    gone; state >after; diff before after || exit 94
  `)
  t.is(code, 0, output)
})

onEach(LOCAL, 'the process that keeps a lab is killed: the lab is gone, and ls forgets it', async (t, runner) => {
  using machine = ownMachine(runner)
  const {code, output} = await machine.run(`
    cd /run; state >before
    for whom in keeper unshare init; do
      (podwire up three-nodes --driver local >/dev/null) || exit 92
      case $whom in
        keeper) kill -KILL "$(cat podwire/labs/*.json home/podwire/labs/*.json 2>/dev/null | sed 's/.*"keeper":{"pid":\\([0-9]*\\).*/\\1/')" ;;
        unshare) kill -KILL "$(pgrep -x unshare)" ;;
        init) kill -KILL "$(pgrep -P "$(pgrep -x unshare)")" ;;
      esac || exit 93
      gone; state >after; diff before after || exit 94
      [ "$(podwire ls --json | tr -d ' \\n')" = '{"format":1,"kind":"labs","labs":[]}' ] || exit 95
      (podwire exec node1 true 2>said); [ $? = 2 ] && grep -q 'no lab is running' said || exit 96
      (podwire up three-nodes --driver local >/dev/null) || exit 97 # the name is free
      (podwire down) || exit 98
    done
  `)
  t.is(code, 0, output)
})

onEach(LOCAL, 'a lab beside one that crashes passes its checks before and after', async (t, runner) => {
  using machine = ownMachine(runner)
  const slow = machine.write('slow.ts', SLOW)
  const {code, output} = await machine.run(`
    cd /run
    (podwire up three-nodes --driver local --name beside >/dev/null) || exit 92
    processes() { ps -eo pid=,comm= | awk '$2 !~ /^(ps|awk|sort|bash)$/ {print $1}' | sort; }
    processes >before
    podwire run ${slow} --driver local --patience 20 >shown 2>&1 & pid=$!
    until_so probing
    kill -KILL $pid; wait $pid
    back() { processes >after; cmp -s before after; }
    until_so back
    (podwire check beside --json >result) || { cat result; exit 93; }
    (podwire down) || exit 95
    gone
  `)
  t.is(code, 0, output)
})

onEach(LOCAL, 'the network of the machine is as it was, after a run, a kept lab and a crash', async (t, runner) => {
  using machine = ownMachine(runner)
  const {code, output} = await machine.run(`
    cd /run
    # A machine that is at home in the lab's own network.
    ip link add br0 type bridge; ip addr add 192.168.1.11/24 dev br0; ip link set br0 up
    ip link add v-net-0 type veth peer name eth0; ip addr add 10.244.1.1/24 dev v-net-0; ip link set v-net-0 up
    ip route add 10.244.2.0/24 via 192.168.1.12; ip rule add from 10.244.1.2 lookup 100
    nft 'table inet mine { chain in { type filter hook input priority 0; policy drop; iif lo accept; }; }'
    ip netns add pod1
    ip link set eth0 up
    settled() { state >before; sleep 2; state >after; cmp -s before after; } # link states and duplicate address detection
    until_so settled
    (podwire run three-nodes --driver local >/dev/null) || exit 92
    state >after; diff before after || exit 94
    (podwire up three-nodes --driver local >/dev/null) || exit 93
    state >after; diff before after || exit 95
    (podwire down) || exit 96
    podwire run three-nodes --driver local >shown 2>&1 & pid=$!
    until_so grep -qs '^4\\. ' shown
    kill -KILL $pid; wait $pid
    gone; state >after; diff before after || exit 97
  `)
  t.is(code, 0, output)
})
