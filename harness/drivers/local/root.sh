# shellcheck shell=bash disable=SC2016 # the single-quoted script is expanded by the bash that runs it
# The root process of a local lab. podwire starts it with bash as process 1 of new PID, network, mount and UTS namespaces
# (and as root of a new user namespace, when podwire is not root). Nothing here touches the machine's own network.
#
#   $1 underlay prefix length    $2... one NAME=ADDRESS a node
#
# Prints a line `node NAME PID` for each node, PID as the machine counts, then `ready`. Then it waits until its standard
# input ends, which is when podwire (or the keeper) is gone; with it the kernel removes every process and namespace.
set -eu
length=$1
shift

mount -t tmpfs -o mode=755 tmpfs /run
ip link add underlay type bridge
ip link set underlay up

# A node: network, mount and UTS namespaces of its own. It reads its PID before it mounts /proc: until then /proc is
# still the machine's.
node() {
  exec unshare --net --mount --uts --propagation private bash -euc '
    name=$1 address=$2 length=$3
    read -r pid _ </proc/self/stat
    mount -t proc proc /proc
    mount -t tmpfs -o mode=755 tmpfs /run
    mkdir /run/netns /run/lock
    mount -t sysfs sysfs /sys 2>/dev/null || : # a container around us may forbid it; only /sys/class/net differs
    hostname "$name"
    while read -r path value; do
      [ ! -e "/proc/sys/$path" ] || echo "$value" >"/proc/sys/$path"
    done <<<"$PODWIRE_SYSCTLS"
    ip -batch - <<END
link add eth0 type veth peer name $name netns 1
link set lo up
addr add $address/$length dev eth0
link set eth0 up
END
    echo "node $name $pid"
    exec 1>&2
    exec sleep 2147483647 # with this process the node goes
  ' node "$1" "$2" "$length"
}

ends=()
for pair; do
  exec {end}< <(node "${pair%%=*}" "${pair#*=}")
  ends+=("$end")
done
ports=
for end in "${ends[@]}"; do
  read -r word name pid <&"$end" # fails, and ends the lab, when the node could not start
  echo "$word $name $pid"
  ports+="link set $name master underlay"$'\n'"link set $name up"$'\n'
done
ip -batch - <<<"$ports"
mount -t proc proc /proc
echo ready

# Process 1 must collect what is orphaned to it; bash does that while it reads.
while read -r _; do :; done
