# shellcheck shell=bash
# The kernel's state of one machine and of every network namespace in its /run/netns, as lines of JSON where tools give it.
# Runs on the machine, in its own namespace; it changes nothing. parse.ts knows the order of the lines. A process takes a
# millisecond or two, and there are some for each namespace: no more than are needed.
#
# For each namespace: `namespace NAME` (`-` is the machine's own), then the lines below, one each, `!TOOL CODE` where a tool
# is missing or refuses. Near the end are routes and rules once more, empty where they are still the same, then the rules of
# iptables in its own words, where there are some with modules of its own, and a machine's BGP sessions, its flow switches,
# what the maps of its programs hold, the drawn network of which it has the database, and its daemons.
#
# podwire_only, where it is set before, names the namespaces that are asked, each between blanks.
podwire_namespace() {
  printf 'namespace\t%s\n' "$1"
  mapfile -t podwire_first < <(exec ip -j -d -force -batch - 2>/dev/null <<<$'addr show\nroute show table all\nrule show\nneigh show nud all\nneigh show proxy')
  for podwire_at in 0 1 2 3 4; do printf '%s\n' "${podwire_first[podwire_at]:-!ip 127}"; done
  podwire_line ip -j -6 rule show
  podwire_line bridge -j -d fdb show
  podwire_line nft -j list ruleset
  # What iptables and ebtables match by modules of their own, nft tells by the module's name alone.
  podwire_modules=
  case $podwire_text in *'"xt"'*) podwire_modules=yes ;; esac
  podwire_line tc -j qdisc show
  # Classifiers are asked for device by device, where there is a qdisc that can have some.
  podwire_filters=
  case $podwire_text in
    *'"clsact"'* | *'"ingress"'* | *'"htb"'* | *'"prio"'*)
      for podwire_device in $(tc qdisc show 2>/dev/null | while read -r _ kind _ _ device _; do case $kind in clsact | ingress | htb | prio) echo "$device" ;; esac; done); do
        for podwire_side in ingress egress; do
          podwire_filters+=$(tc -j -d filter show dev "$podwire_device" "$podwire_side" 2>/dev/null | tr -d '\n' | sed "s|^|{\"dev\":\"$podwire_device\",\"side\":\"$podwire_side\",\"filters\":|; s|\$|},|")
        done
      done
      ;;
  esac
  printf '[%s]\n' "${podwire_filters%,}"
  podwire_line ss -Hltun
  podwire_line grep -Hs '' /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/icmp_echo_ignore_all /proc/sys/net/ipv6/icmp/echo_ignore_all \
    /proc/sys/net/ipv4/conf/*/{forwarding,rp_filter,arp_ignore,arp_filter,arp_announce,proxy_arp,accept_local,route_localnet} \
    /proc/sys/net/ipv6/conf/*/{forwarding,disable_ipv6} /proc/sys/net/bridge/bridge-nf-call-ip{,6}tables \
    /proc/sys/net/netfilter/nf_conntrack_{max,count}
  podwire_names=
  for podwire_file in /proc/net/ip_tables_names /proc/net/ip6_tables_names; do
    [ ! -r "$podwire_file" ] || while read -r podwire_name; do podwire_names+=$podwire_name$'\v'; done <"$podwire_file"
  done
  printf '%s\n' "$podwire_names"
  for podwire_tool in iptables-legacy-save ip6tables-legacy-save; do
    if [ -n "$podwire_names" ]; then podwire_line "$podwire_tool"; else echo; fi
  done
  mapfile -t podwire_again < <(exec ip -j -d -force -batch - 2>/dev/null <<<$'route show table all\nrule show\nroute show cache')
  [ "${podwire_again[0]}" != "${podwire_first[1]}" ] || podwire_again[0]=
  [ "${podwire_again[1]}" != "${podwire_first[2]}" ] || podwire_again[1]=
  printf '%s\n%s\n' "${podwire_again[@]:0:2}"
  for podwire_tool in iptables-nft-save ip6tables-nft-save; do
    if [ -n "$podwire_modules" ]; then podwire_line "$podwire_tool"; else echo; fi
  done
  # A machine's BGP sessions (RFC 4271: TCP port 179), whichever daemon has them.
  if [ "$1" = - ]; then podwire_line ss -Htn state established '( sport = :179 or dport = :179 )'; else echo; fi
  # Open vSwitch, where its database is there: all bridges, their ports, what these are, and who tells them of flows.
  if [ "$1" = - ] && [ -S /run/openvswitch/db.sock ]; then
    podwire_line ovs-vsctl --timeout=2 -f json -- --columns=_uuid,name,ports,fail_mode,controller list Bridge \
      -- --columns=_uuid,name,interfaces list Port -- --columns=_uuid,name,type,options,external_ids list Interface \
      -- --columns=_uuid,target,is_connected list Controller
  else echo; fi
  podwire_programs
  # OVN's northbound database: what is drawn to be dropped, the ports and the routes.
  if [ "$1" = - ] && [ -S /run/ovn/ovnnb_db.sock ]; then
    podwire_line ovn-nbctl --timeout=2 -f json -- --columns=_uuid,direction,priority,match,action list ACL \
      -- --columns=name,acls,ports list Logical_Switch \
      -- --columns=_uuid,name,type,addresses,options list Logical_Switch_Port \
      -- --columns=name,static_routes list Logical_Router -- --columns=_uuid,ip_prefix,nexthop list Logical_Router_Static_Route
  else echo; fi
  # The daemons of a recipe (daemons.ts), and whether each is still there; one that has ended has no file any more (proc_pid_exe(5)).
  podwire_daemons=
  if [ "$1" = - ]; then
    for podwire_file in /run/podwire/*.pid; do
      [ -s "$podwire_file" ] || continue
      read -r podwire_id <"$podwire_file"
      podwire_name=${podwire_file##*/}
      if [ -e "/proc/$podwire_id/exe" ]; then podwire_name+=$'\truns'; else podwire_name+=$'\tended'; fi
      podwire_daemons+=$podwire_id$'\t'$podwire_name$'\v'
    done
  fi
  printf '%s\n' "$podwire_daemons"
  # What it has learned of paths (RFC 1191), asked with the routes' second time.
  printf '%s\n' "${podwire_again[2]}"
}

# The programs of tc-bpf(8), each with its maps, and what is in those that are looked up by a key.
podwire_programs() {
  case $podwire_filters in *'"prog":{"id":'*) ;; *) echo && return ;; esac
  podwire_found=
  mapfile -t podwire_ids < <(grep -o '"prog":{"id":[0-9]*' <<<"$podwire_filters" | grep -o '[0-9]*$' | sort -u)
  for podwire_id in "${podwire_ids[@]}"; do
    podwire_found+=$(bpftool -j prog show id "$podwire_id" 2>/dev/null)$'\v'
  done
  mapfile -t podwire_ids < <(grep -o '"map_ids":\[[0-9,]*' <<<"$podwire_found" | grep -o '[0-9]*' | sort -un)
  for podwire_id in "${podwire_ids[@]}"; do
    podwire_map=$(bpftool -f -j map show id "$podwire_id" 2>/dev/null)
    case $podwire_map in
      *'"type":"hash"'* | *'"type":"lru_hash"'* | *'"type":"lpm_trie"'*)
        podwire_found+="{\"map\":$podwire_map,\"entries\":$(bpftool -j map dump id "$podwire_id" 2>/dev/null)}"$'\v'
        ;;
    esac
  done
  printf '%s\n' "${podwire_found//$'\n'/}"
}

# Many lines become one, joined by vertical tabs, which no tool prints.
podwire_line() {
  podwire_text=$(exec "$@" 2>/dev/null) || podwire_text=${podwire_text:-!$1 $?}
  printf '%s\n' "${podwire_text//$'\n'/$'\v'}"
}

podwire_asked() {
  case "${podwire_only- $1 }" in *" $1 "*) ;; *) return 1 ;; esac
}

podwire_facts() {
  # Namespaces side by side; what each prints stays together. nsenter(1) mounts nothing, as ip-netns(8) does before it runs.
  podwire_asks=()
  podwire_words=$(declare -f podwire_namespace podwire_line podwire_programs)
  for podwire_path in /run/netns/*; do
    [ -e "$podwire_path" ] || continue
    podwire_asked "${podwire_path##*/}" || continue
    exec {podwire_end}< <(exec nsenter --net="$podwire_path" bash -c "$podwire_words; podwire_namespace ${podwire_path##*/}" 2>/dev/null)
    podwire_asks+=("$podwire_end")
  done
  if podwire_asked -; then podwire_namespace -; fi
  for podwire_end in "${podwire_asks[@]}"; do
    cat <&"$podwire_end"
    exec {podwire_end}<&-
  done
  printf 'netns\n'
  podwire_line ip -j netns list
}
podwire_facts
