# Looks on while the probes of one run pass: one process a machine, started by podwire there, for the machine's places on the
# way. It stops nothing and changes nothing that a packet could notice. A socket of packet(7) in each namespace sees what
# comes and goes there by any device; nft(8) tells which rules the packets meet (nft monitor trace) once a table of podwire's
# own has marked them (meta nftrace); the kernel's counters are read before and after.
#
# That table is `flags owner`: the kernel removes it with the nft that made it, however that ends, and that nft ends with
# this process (PR_SET_PDEATHSIG, prctl(2)), which ends with its standard input and by itself after a few seconds.
#
# It reads a plan, a line of tab-separated fields each, up to the line `end`:
#   watch  nonce  protocol  port  seconds       the run, as agent.pl has it; how long this process lives at most
#   place  name  namespace or -  families       where to look; the families of tables for nftrace, commas between them
# Then it obeys `begin`, says `begun` when it looks on, and `finish`, upon which it prints what it saw and `bye`:
#   kernel  boot id                                                                 which kernel this is
#   passed  place  device index  kind  seconds  way  number  size  source  port  destination  port  bytes
#           kind: 0 to this host, 1 broadcast, 2 multicast, 3 to another host, 4 outgoing (packet(7)); way: request, reply, error
#   traced  place  line of nft monitor trace
#   counted place  counter  increase
#   blind   place  packets or rules or counters  why
use strict;
use warnings;
use Config;
use Socket qw(AF_INET AF_INET6 SOCK_DGRAM SOL_SOCKET SO_RCVBUF inet_ntop MSG_DONTWAIT);

# linux/if_packet.h, linux/if_ether.h, linux/sockios.h, linux/prctl.h, linux/netlink.h; SO_RCVBUFFORCE of asm-generic/socket.h;
# NFNLGRP_NFTRACE of linux/netfilter/nfnetlink.h is group 9, bit 8 of a socket's groups
use constant {AF_PACKET => 17, ETH_P_ALL => 3, IPV4 => 0x0800, IPV6 => 0x86dd, SIOCGSTAMPNS => 0x8907, SO_RCVBUFFORCE => 33,
  CLONE_NEWNET => 0x40000000, PR_SET_PDEATHSIG => 1, SIGKILL => 9,
  NETLINK_NETFILTER => 12, TRACE_GROUP => 1 << 8};
my ($processor) = $Config{archname} =~ /^(\w+)/;
my $call = {x86_64 => {setns => 308, prctl => 157}, aarch64 => {setns => 268, prctl => 167}}->{$processor}
  or die "the system calls of $processor are not known\n";

$SIG{PIPE} = 'IGNORE';
$| = 1;
my ($nonce, $protocol, $port, @places);
while (defined(my $line = <STDIN>)) {
  chomp $line;
  my ($word, @rest) = split /\t/, $line;
  last if $word eq 'end';
  if ($word eq 'watch') { ($nonce, $protocol, $port) = @rest; alarm $rest[3] }
  push @places, {name => $rest[0], netns => $rest[1], families => [split /,/, $rest[2] // '']} if $word eq 'place';
}

sub row { print join("\t", @_) . "\n" }

open(my $own, '<', '/proc/self/ns/net') or die "cannot open my own namespace: $!\n";
sub enter { my ($place) = @_; return syscall($call->{setns}, fileno $place->{fd}, CLONE_NEWNET) == 0 }
for my $place (@places) {
  if ($place->{netns} eq '-') { $place->{fd} = $own; next }
  next if open $place->{fd}, '<', "/run/netns/$place->{netns}";
  row('blind', $place->{name}, $_, "it has no namespace ($!)") for qw(packets rules counters);
  $place->{fd} = undef;
}
@places = grep { $_->{fd} } @places;

# --- packets --------------------------------------------------------------------------------------------------------------

sub open_tap {
  my ($place) = @_;
  socket(my $tap, AF_PACKET, SOCK_DGRAM, unpack 'S', pack 'n', ETH_P_ALL) or return row('blind', $place->{name}, 'packets', "packet socket: $!");
  setsockopt($tap, SOL_SOCKET, SO_RCVBUFFORCE, pack('i', 1 << 22)) || setsockopt($tap, SOL_SOCKET, SO_RCVBUF, pack('i', 1 << 22));
  my $stamp = "\0" x 16;
  ioctl $tap, SIOCGSTAMPNS, $stamp; # from now on every packet has the time at which it passed (sock_enable_timestamp)
  $place->{tap} = $tap;
}

sub read_tap {
  my ($place) = @_;
  my $tap = $place->{tap} or return;
  while (defined(my $from = recv $tap, my $packet, 65536, MSG_DONTWAIT)) {
    my (undef, $type, $device, undef, $kind) = unpack 'S n l S C', $from;
    my @seen = recognised($type, $packet) or next;
    my $stamp = "\0" x 16;
    my $at = ioctl($tap, SIOCGSTAMPNS, $stamp) ? sprintf '%d.%09d', unpack 'qq', $stamp : '-';
    row('passed', $place->{name}, $device, $kind, $at, @seen, length $packet);
  }
}

# The IP header at the beginning of a packet: its length, protocol, source, destination.
sub header_of {
  my ($packet) = @_;
  my $version = length $packet ? ord($packet) >> 4 : 0;
  return ((ord($packet) & 15) * 4, unpack 'x9 C x2 a4 a4', $packet) if $version == 4 && length $packet >= 20;
  return (40, unpack 'x6 C x a16 a16', $packet) if $version == 6 && length $packet >= 40;
  return;
}

sub text { my ($packed) = @_; return inet_ntop(length $packed == 4 ? AF_INET : AF_INET6, $packed) }

my %error = (1 => {map { $_ => 1 } 3, 11, 12}, 58 => {map { $_ => 1 } 1 .. 4});

# way, number, size, source, port, destination, port of a packet of this run; nothing of another. A tunnel's are those of the packet in it.
sub recognised {
  my ($type, $packet) = @_;
  return unless $type == IPV4 || $type == IPV6;
  my ($length, $next, $source, $destination) = header_of($packet) or return;
  my $quoting = $error{$next} && length $packet > $length && $error{$next}{ord substr $packet, $length, 1};
  my ($number, $size, $inner, $at) = ('-', '-', $packet, $length);
  if ($protocol eq 'tcp') {
    # VXLAN (RFC 7348): UDP, 8 bytes, and a frame.
    $inner = substr $packet, $length + 8 + 8 + 14 if $next == 17 && length $packet > $length + 70;
    $inner = substr $packet, $length + 8 if $quoting;
  } else {
    my $message = index $packet, $nonce;
    return if $message < $length + 8;
    (undef, undef, $number, $size) = split ' ', substr $packet, $message, 64;
    $number //= '-';
    $size //= '-';
    # The header of ICMP or UDP stands right before the message, and IP's before that.
    for my $before (28, 48) {
      next if $message < $before;
      my $candidate = substr $packet, $message - $before;
      my ($own) = header_of($candidate);
      $inner = $candidate, last if defined $own && $own == $before - 8;
    }
  }
  my ($own, $what, $from, $to) = header_of($inner) or return;
  return if length $inner < $own + 8;
  my ($first, $second) = unpack "x$own n n", $inner;
  my ($icmp, $identifier) = unpack "x$own C x3 n", $inner;
  my $way;
  if ($protocol eq 'icmp') {
    return unless $what == 1 || $what == 58;
    $way = $icmp == 8 || $icmp == 128 ? 'request' : $icmp == 0 || $icmp == 129 ? 'reply' : return;
    ($first, $second) = ($identifier, $identifier);
  } else {
    return unless $what == ($protocol eq 'tcp' ? 6 : 17);
    $way = $second == $port ? 'request' : $first == $port ? 'reply' : return;
  }
  return ('error', $number, $size, text($source), 0, text($destination), 0) if $quoting;
  return ($way, $number, $size, text($from), $first, text($to), $second);
}

# --- rules ----------------------------------------------------------------------------------------------------------------

sub trace_rules {
  my ($place) = @_;
  return unless @{$place->{families}};
  my $table = "podwire_$nonce";
  # Messages of ICMP and UDP begin 8 bytes behind the header's begin with the nonce; of TCP there is the port.
  my $protocols = $protocol eq 'icmp' ? '{ icmp, ipv6-icmp }' : 'udp';
  my @match = $protocol eq 'tcp' ? ("tcp dport $port", "tcp sport $port") : ("meta l4proto $protocols \@th,64,96 0x" . unpack 'H*', $nonce);
  my $script = '';
  for my $family (@{$place->{families}}) {
    $script .= "add table $family $table { flags owner; }\n";
    # Before all others, but after connection tracking has put fragments together (NF_IP_PRI_CONNTRACK_DEFRAG, -400).
    for my $hook (qw(prerouting output)) {
      $script .= "add chain $family $table $hook { type filter hook $hook priority -399; }\n";
      $script .= "add rule $family $table $hook $_ meta nftrace set 1\n" for @match;
    }
  }
  $script .= "monitor trace\n";
  pipe(my $in, $place->{to_nft}) && pipe($place->{rules}, my $out) or return row('blind', $place->{name}, 'rules', "pipe: $!");
  my $parent = $$;
  $place->{nft} = fork // return row('blind', $place->{name}, 'rules', "fork: $!");
  if (!$place->{nft}) {
    syscall $call->{prctl}, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0;
    exit 1 if getppid() != $parent;
    open STDIN, '<&', $in;
    open STDOUT, '>&', $out;
    open STDERR, '>&', $out;
    exec('nft', '-a', '-i') or print "Error: nft cannot be run: $!\n";
    exit 127;
  }
  close $_ for $in, $out;
  syswrite $place->{to_nft}, $script;
  $place->{said} = '';
}

# Waits until nft listens to the kernel's traces, or complains.
sub await_rules {
  my ($place) = @_;
  return unless $place->{nft};
  for (1 .. 400) {
    last if $place->{said} =~ /^Error/m;
    return if nft_socket($place, sub { my ($group) = @_; return hex($group) & TRACE_GROUP });
    more_rules(0.005, $place);
  }
  my ($why) = $place->{said} =~ /^Error: (.*)/m;
  row('blind', $place->{name}, 'rules', $why // 'nft does not come to listen');
  end_rules($place);
}

# Whether this is so of the groups and the unread bytes of nft's own socket (/proc/net/netlink).
sub nft_socket {
  my ($place, $is_so) = @_;
  local $_; # where it is asked of each place of a list, $_ is the place
  enter($place) && open(my $sockets, '<', '/proc/self/net/netlink') or return 0;
  while (<$sockets>) {
    my (undef, $protocol, $owner, $groups, $unread) = split;
    return 1 if $protocol eq NETLINK_NETFILTER && $owner eq $place->{nft} && $is_so->($groups, $unread);
  }
  return 0;
}

# Reads what the nfts of these places have to say; false when none has said anything for so long, or all have ended.
sub more_rules {
  my ($wait, @from) = @_;
  my $ready = '';
  vec($ready, fileno $_->{rules}, 1) = 1 for @from;
  return 0 unless select($ready, undef, undef, $wait) > 0;
  my $read = 0;
  for my $place (@from) { $read += sysread($place->{rules}, $place->{said}, 65536, length $place->{said}) // 0 if vec $ready, fileno $place->{rules}, 1 }
  return $read;
}

sub end_rules { my ($place) = @_; my $nft = delete $place->{nft} or return; kill 'KILL', $nft; return $nft }

# --- counters -------------------------------------------------------------------------------------------------------------

# /proc/net/snmp and netstat have a line of names above each line of numbers; snmp6 a name a line; dev columns.
sub counters {
  my ($place) = @_;
  my %found;
  local $_;
  return unless enter($place);
  for my $file (qw(snmp netstat)) {
    open my $lines, '<', "/proc/self/net/$file" or next;
    while (defined(my $names = <$lines>)) {
      my ($group, @names) = split ' ', $names;
      my (undef, @values) = split ' ', <$lines> // '';
      @found{map { "$group$_" } @names} = @values;
    }
  }
  if (open my $lines, '<', '/proc/self/net/snmp6') { while (<$lines>) { my ($name, $value) = split; $found{"Ip6:$name"} = $value } }
  if (open my $lines, '<', '/proc/self/net/dev') {
    while (<$lines>) {
      my ($device, $rest) = /^\s*([^:\s]+):\s*(.*)/ or next;
      my @value = split ' ', $rest;
      @found{"$device rx_errors", "$device rx_dropped", "$device tx_errors", "$device tx_dropped"} = @value[2, 3, 10, 11];
    }
  }
  return \%found;
}

# --- the acts -------------------------------------------------------------------------------------------------------------

sub begin {
  for my $place (@places) {
    if (!enter($place)) { row('blind', $place->{name}, $_, "its namespace cannot be entered ($!)") for qw(packets rules counters); next }
    trace_rules($place);
    open_tap($place);
    $place->{before} = counters($place);
  }
  await_rules($_) for @places;
  if (open my $id, '<', '/proc/sys/kernel/random/boot_id') { my $boot = <$id>; chomp $boot; row('kernel', $boot) }
  row('begun');
}

sub finish {
  for my $place (@places) {
    read_tap($place);
    my $after = counters($place);
    next if !$place->{before} || !$after;
    for my $name (sort keys %$after) {
      my $more = $after->{$name} - ($place->{before}{$name} // 0);
      row('counted', $place->{name}, $name, $more) if $more > 0;
    }
  }
  # What the kernel has told of is in nft's socket already: it takes a moment to print it, and on a busy machine a longer one.
  my @followed = grep { $_->{nft} } @places;
  for (1 .. 200) { last unless more_rules(0.01, @followed) || grep { nft_socket($_, sub { return $_[1] > 0 }) } @followed }
  my @nfts = map { my $nft = end_rules($_); $nft // () } @places;
  waitpid $_, 0 for @nfts; # then their tables are gone
  for my $place (@places) { row('traced', $place->{name}, $_) for grep { /^trace id / } map { tr/\t/ /r } split /\n/, $place->{said} // '' }
  row('bye');
}

while (defined(my $order = <STDIN>)) {
  if ($order eq "begin\n") { begin() }
  elsif ($order eq "finish\n") { finish(); last }
}
