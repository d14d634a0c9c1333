#!/bin/bash
# The recipe as a plain shell script, the floor under podwire: three nodes in namespaces, the same lines, 42 pings, one
# after another. Run it by `unshare --net --mount --propagation private`.
#   $1 a file with a line `NODE COMMAND` for each step
set -eu
mount -t tmpfs tmpfs /run
mkdir /run/netns
ip link add underlay type bridge
ip link set underlay up
declare -A lines
while read -r node command; do lines[$node]+="$command"$'\n'; done <"$1"
for n in 1 2 3; do
  ip netns add "node$n"
  ip link add eth0 netns "node$n" type veth peer name "n$n"
  ip link set "n$n" master underlay up
  ip netns exec "node$n" ip link set lo up
  ip netns exec "node$n" ip addr add "192.168.1.1$n/24" dev eth0
  ip netns exec "node$n" ip link set eth0 up
  # nsenter and not `ip netns exec`: the pods' names must stay visible in this mount namespace
  nsenter --net="/run/netns/node$n" bash -eu <<<"${lines[node$n]}" >/dev/null
done
declare -A at=([node1]=192.168.1.11 [node2]=192.168.1.12 [node3]=192.168.1.13
  [pod1]=10.244.1.2 [pod2]=10.244.1.3 [pod3]=10.244.2.2 [pod4]=10.244.3.2)
for from in "${!at[@]}"; do
  for to in "${!at[@]}"; do
    [ "$from" = "$to" ] || ip netns exec "$from" ping -c1 -W1 "${at[$to]}" >/dev/null || echo "$from cannot reach $to"
  done
done
