# The sending and seeing end of the probes: one process a machine, started by podwire there, for all the machine's places.
#
# perl is on every Debian and Ubuntu machine (perl-base is essential), and a socket stays in the network namespace it was
# made in (network_namespaces(7)): this one process holds sockets in the machine and in each of its pods, and exchanges
# with all other places at once. A program an exchange would be some 6,000 of them for 30 pods. Everything that is not
# the making of a socket runs in no particular namespace: reading and writing go where the socket is.
#
# ICMP is sent and seen by raw sockets (raw(7)). They get a copy of each message after the kernel's own input filter, so
# the one that hears a request says where it came out and under which addresses and identifier, whatever translated it
# on the way; the kernel alone answers it. Each message holds the run's nonce and the number of its pair, and is believed
# by these: addresses, ports and identifiers are what is to be found out.
#
# It reads a plan, a line of tab-separated fields each, up to the line `end`:
#   probe  nonce  port  mtu  patience in seconds  sizes  families  first ICMP identifier  protocols   (commas within)
#   called name                                          the name of this process from now on (comm, proc_pid_comm(5))
#   here   place  namespace or -                         a place of this machine
#   ask    number  from  to  address                     a pair that begins here; its number stands for it in all rows
# Then it obeys a line each, and end of input is `stop`:
#   lock    hold the lab's lock, once nobody else does   listen  begin to listen
#   go ...  exchange with all but the named places        stop    end
#   settle  a number: do what is there to be done, and wait for nothing
#
# It prints rows of tab-separated fields; for ICMP a port is the identifier:
#   late    exchanges                                     so many may still be answered when all have settled
#   busy    words                                         the lock was not to be had
#   absent  place  error                                  its namespace is not there
#   deaf    place  protocol  family  error                nothing could listen there, for ICMP: nor send
#   overrun place  messages                               so many ICMP messages came faster than they were read
#   heard   place  protocol  number  size  source  port  destination  port  ttl    a request arrived; ttl for ICMP
#   echoed  place  number  size  source  port  destination  port                    an ICMP reply arrived
#   result  number  protocol  size  outcome  rtt in ms  source  port  destination  answered-by  mss  note
# An outcome is `ok`, `no-answer`, the name of the error number with which the kernel refused, or an ICMP error and who
# sent it: `net-unreachable from 10.244.1.1`. `-` is what is not known. A note is an ICMP error that did not end it.
# After `lock` it says `locked`, after `listen` `ready`, after `go` `done`, after `settle` `settled` with the number,
# after `stop` `bye`.
use strict;
use warnings;
use Config;
use Errno qw(EAGAIN EINPROGRESS EADDRINUSE);
use Fcntl qw(F_GETFL F_SETFL O_NONBLOCK);
use Socket qw(:DEFAULT inet_pton inet_ntop pack_sockaddr_in6 unpack_sockaddr_in6 IN6ADDR_ANY MSG_DONTWAIT IPPROTO_IP IPPROTO_ICMP IPPROTO_TCP IPPROTO_UDP IPPROTO_IPV6 IPPROTO_ICMPV6);

# linux/in.h, linux/in6.h, linux/icmp.h, linux/icmpv6.h: what Socket has no names for
use constant {
  CLONE_NEWNET => 0x40000000, SOCK_NONBLOCK => 04000, RLIMIT_NOFILE => 7, CLOCK_REALTIME => 0, CLOCK_MONOTONIC => 1, SO_TIMESTAMPNS => 35,
  SO_SNDBUFFORCE => 32, SO_RCVBUFFORCE => 33, SO_MEMINFO => 55, SOL_RAW => 255, ICMP_FILTER => 1, ICMP6_FILTER => 1, TCP_MAXSEG => 2,
  IP_MTU_DISCOVER => 10, IP_RECVERR => 11, IP_PKTINFO => 8,
  IPV6_MTU_DISCOVER => 23, IPV6_RECVERR => 25, IPV6_V6ONLY => 26, IPV6_RECVPKTINFO => 49, IPV6_PKTINFO => 50, IPV6_RECVHOPLIMIT => 51,
  IPV6_HOPLIMIT => 52, IPV6_DONTFRAG => 62, PMTUDISC_DO => 2, IFA_F_TENTATIVE => 0x40,
  # A message is a header line of so many bytes, then filling; the small ones are a header alone.
  HEADER => 64,
};
my %domain = (4 => AF_INET, 6 => AF_INET6);
# Types of ICMP (RFC 792) and ICMPv6 (RFC 4443): echo request, echo reply, and the errors.
my %icmp = (
  4 => {protocol => IPPROTO_ICMP, request => 8, reply => 0, errors => [3, 11, 12]},
  6 => {protocol => IPPROTO_ICMPV6, request => 128, reply => 129, errors => [1, 2, 3, 4]},
);

# System calls by number: perl-base has no syscall.ph, and perl no recvmsg(2).
my ($processor) = $Config{archname} =~ /^(\w+)/;
my $call = {
  x86_64 => {recvmsg => 47, sendmsg => 46, clock_gettime => 228, prlimit64 => 302, setns => 308},
  aarch64 => {recvmsg => 212, sendmsg => 211, clock_gettime => 113, prlimit64 => 261, setns => 268},
}->{$processor} or die "the probe does not know the system calls of $processor\n";

$SIG{PIPE} = 'IGNORE';

my ($nonce, $port, $mtu, $patience, $first, @sizes, @families, %protocols) = ('', 0, 1500, 1, 0);
my (@here, @asked);
# No buffered reading: the first order may have come with the plan.
my $orders = '';
until ($orders =~ /^end\n/m) { sysread STDIN, $orders, 65536, length $orders or exit 1 }
while ($orders =~ s/^(.*)\n//) {
  my ($word, @rest) = split /\t/, $1;
  last if $word eq 'end';
  if ($word eq 'probe') { ($nonce, $port, $mtu, $patience) = @rest; @sizes = split /,/, $rest[4]; @families = split /,/, $rest[5]; $first = $rest[6]; %protocols = map { $_ => 1 } split /,/, $rest[7] }
  $0 = $rest[0] if $word eq 'called';
  push @here, {name => $rest[0], netns => $rest[1]} if $word eq 'here';
  push @asked, {number => $rest[0], from => $rest[1], to => $rest[2], address => $rest[3], family => $rest[3] =~ /:/ ? 6 : 4} if $word eq 'ask';
}

# Rows leave together once a turn: a write for each would take longer than its exchange.
my $rows = '';
sub row { $rows .= join("\t", @_) . "\n" }
sub flush { while ($rows ne '') { my $count = syswrite(STDOUT, $rows) // exit 1; substr($rows, 0, $count, '') } }

# The name of the current error number, so that podwire compares names and not numbers or words.
my @errors = qw(
  ENETUNREACH EHOSTUNREACH ECONNREFUSED EMSGSIZE EADDRNOTAVAIL EADDRINUSE EPERM EACCES EINVAL ENOBUFS ENOMEM ETIMEDOUT ECONNRESET ENETDOWN
  EHOSTDOWN ENONET ENOPROTOOPT EPROTO EAGAIN ENOENT EMFILE ENFILE EAFNOSUPPORT EPROTONOSUPPORT EOPNOTSUPP EPIPE
);
my %errname = map { Errno->can($_)->() => $_ } @errors;
sub errname { return $errname{$! + 0} // 'errno-' . ($! + 0) }

# --- namespaces -------------------------------------------------------------------------------------------------

open(my $own, '<', '/proc/self/ns/net') or die "cannot open my own namespace: $!\n";
my $inside = $own;

sub enter {
  my ($place) = @_;
  return 1 if $inside == $place->{fd};
  syscall($call->{setns}, fileno $place->{fd}, CLONE_NEWNET) == 0 or return 0;
  $inside = $place->{fd};
  return 1;
}

for my $place (@here) {
  if ($place->{netns} eq '-') { $place->{fd} = $own; next }
  if (!open($place->{fd}, '<', "/run/netns/$place->{netns}")) { row('absent', $place->{name}, errname()); $place->{fd} = undef }
}
@here = grep { $_->{fd} } @here;
my %here = map { $_->{name} => $_ } @here;

# --- event loop: one handler a descriptor -------------------------------------------------------------------------

my (%on_read, %on_write, %queues);
my ($reads, $writes) = ('', '');
# Seconds that were spent waiting. Patience is counted in these: while this process was held up, by its own work or by a
# busy machine, nothing was heard, and nobody's silence says anything.
my $waited = 0;
# It never waits longer at once, so that having been held up shows; a turn that is later than that by LATE was.
use constant {SLICE => 0.01, LATE => 0.003};

sub watch {
  my ($handle, $mode, $handler) = @_;
  my $fd = fileno $handle;
  if ($mode eq 'read') { $on_read{$fd} = $handler; vec($reads, $fd, 1) = 1 }
  else { $on_write{$fd} = $handler; vec($writes, $fd, 1) = 1 }
}

sub unwatch {
  my ($handle, $mode) = @_;
  my $fd = fileno $handle;
  if ($mode ne 'write') { delete $on_read{$fd}; vec($reads, $fd, 1) = 0 }
  if ($mode ne 'read') { delete $on_write{$fd}; vec($writes, $fd, 1) = 0 }
}

my $clock = pack 'qq', 0, 0;
sub now { my ($which) = @_; syscall $call->{clock_gettime}, $which // CLOCK_MONOTONIC, $clock; return seconds($clock) }
sub seconds { my ($s, $ns) = unpack 'qq', $_[0]; return $s + $ns / 1e9 }

# Calls $what after $delay, unless the exchange is over by then. What has one delay falls due in the order in which it came.
sub later { my ($delay, $exchange, $what) = @_; push @{$queues{$delay}}, {at => $waited + $delay, exchange => $exchange, what => $what} }

# Waits for what is ready, or due, and does it. False when nothing was ready.
sub turn {
  my ($longest) = @_;
  flush();
  my $wait = $longest // 1;
  for my $queue (values %queues) {
    shift @$queue while @$queue && $queue->[0]{exchange}{over};
    next unless @$queue;
    $wait = SLICE if $wait > SLICE;
    $wait = $queue->[0]{at} - $waited if $queue->[0]{at} - $waited < $wait;
  }
  $wait = 0 if $wait < 0;
  my ($r, $w) = ($reads, $writes);
  my $begun = now();
  my $ready = select $r, $w, undef, $wait;
  my $spent = now() - $begun;
  $waited += $spent > $wait + LATE ? $wait : $spent;
  if ($ready > 0) {
    for ([$r, \%on_read], [$w, \%on_write]) {
      my ($bits, $handlers) = (unpack('b*', $_->[0]), $_->[1]);
      while ($bits =~ /1/g) { my $handler = $handlers->{pos($bits) - 1}; $handler->() if $handler }
    }
  }
  for my $queue (values %queues) {
    while (@$queue && $queue->[0]{at} <= $waited) { my $due = shift @$queue; $due->{what}->() unless $due->{exchange}{over} }
  }
  return $ready > 0;
}

# --- sockets ----------------------------------------------------------------------------------------------------------

# A socket in the place's namespace, which it keeps.
sub socket_at {
  my ($place, $family, $type, $protocol) = @_;
  enter($place) && socket(my $socket, $domain{$family}, $type | SOCK_NONBLOCK, $protocol) or return;
  # Don't Fragment, and by what is known of the path: what is too large is refused at once.
  set($socket, $family, IP_MTU_DISCOVER, IPV6_MTU_DISCOVER, PMTUDISC_DO);
  if ($family == 6) { setsockopt $socket, IPPROTO_IPV6, $_, pack('i', 1) for IPV6_DONTFRAG, IPV6_V6ONLY }
  return $socket;
}

# An option that each family has under a name of its own.
sub set { my ($socket, $family, $four, $six, $value) = @_; return setsockopt $socket, $family == 4 ? IPPROTO_IP : IPPROTO_IPV6, $family == 4 ? $four : $six, pack('i', $value) }

sub sockaddr { my ($family, $address, $number) = @_; return $family == 4 ? pack_sockaddr_in($number, $address) : pack_sockaddr_in6($number, $address) }
sub any { my ($family, $number) = @_; return sockaddr($family, $family == 4 ? INADDR_ANY : IN6ADDR_ANY, $number) }
sub text { my ($packed) = @_; return inet_ntop(length $packed == 4 ? AF_INET : AF_INET6, $packed) }
sub hostport {
  my ($packed) = @_;
  return ('-', 0) unless $packed;
  my ($number, $host) = sockaddr_family($packed) == AF_INET ? unpack_sockaddr_in($packed) : unpack_sockaddr_in6($packed);
  return (text($host), $number);
}

# The length of a message in a packet of that size, whose headers take so many bytes.
sub size_in { my ($size, $headers) = @_; return $size eq 'full' && $mtu - $headers > HEADER ? $mtu - $headers : HEADER }
sub message { my ($length, @fields) = @_; return pack('A' . (HEADER - 1), "$nonce $length @fields") . "\n" . '.' x ($length - HEADER) }
# The fields of a message after the nonce; none where it is none of this run.
sub header { my ($word, @fields) = split ' ', substr $_[0], $_[1] // 0, HEADER; return defined $word && $word eq $nonce && @fields > 2 ? @fields : () }

# recvmsg(2) and sendmsg(2), for what recv and send leave out: which of a place's addresses a message was for, which one
# answers, how many hops it has left. struct msghdr, iovec and cmsghdr are those of a 64-bit processor.
my ($name, $bytes, $control) = map { "\0" x $_ } 28, 65536, 256;
my $vector = pack 'P Q', $bytes, length $bytes;

# What came, who sent it (a sockaddr), and the ancillary data by "level type"; nothing when nothing more is there.
sub receive {
  my ($socket) = @_;
  my $head = pack 'P L x4 P Q P Q L x4', $name, length $name, $vector, 1, $control, length $control, 0;
  my $count = syscall $call->{recvmsg}, fileno $socket, $head, MSG_DONTWAIT;
  return if $count < 0;
  my ($at, $end, %with) = (0, unpack 'x40 Q', $head);
  while ($at + 16 <= $end) {
    my ($length, $level, $type) = unpack "x$at Q l l", $control;
    $with{"$level $type"} = substr $control, $at + 16, $length - 16;
    $at += $length + 7 & ~7;
  }
  return (substr($bytes, 0, $count), substr($name, 0, unpack 'x8 L', $head), \%with);
}

# The address that a received message was for. struct in_pktinfo, struct in6_pktinfo
sub meant {
  my ($family, $with) = @_;
  return $family == 4 ? unpack 'x8 a4', $with->{IPPROTO_IP . ' ' . IP_PKTINFO} : unpack 'a16', $with->{IPPROTO_IPV6 . ' ' . IPV6_PKTINFO};
}

sub send_from {
  my ($socket, $family, $own, $peer, $text) = @_;
  my $info = $family == 4 ? pack('l a4 x4', 0, $own) : pack('a16 L', $own, 0);
  my $with = pack 'Q l l a*', 16 + length $info, $family == 4 ? (IPPROTO_IP, IP_PKTINFO) : (IPPROTO_IPV6, IPV6_PKTINFO), $info;
  my $parts = pack 'P Q', $text, length $text;
  my $head = pack 'P L x4 P Q P Q L x4', $peer, length $peer, $parts, 1, $with, length $with, 0;
  syscall $call->{sendmsg}, fileno $socket, $head, MSG_DONTWAIT;
}

# --- exchanges ----------------------------------------------------------------------------------------------------------

# An exchange: a pair's number, place, address and family; protocol; the sizes that are still to be exchanged.
my (@waiting, %by_number, %by_flow);
my ($under_way, $pending, $room, @late) = (0, 0, 0);

sub begin {
  my ($pair, $protocol, @sizes) = @_;
  $pending++;
  return {%$pair, place => $here{$pair->{from}}, target => inet_pton($domain{$pair->{family}}, $pair->{address}),
    protocol => $protocol, sizes => [@sizes], used => ['-', 0], note => '-'};
}

# One size of an exchange is done, well or not.
sub result {
  my ($exchange, $outcome, $rtt, $by, $mss) = @_;
  my $size = shift @{$exchange->{sizes}};
  row('result', $exchange->{number}, $exchange->{protocol}, $size, $outcome, defined $rtt ? sprintf('%.3f', $rtt * 1000) : '-',
    @{$exchange->{used}}, text($exchange->{target}), $by // '-', $mss // '-', $exchange->{note});
  return if @{$exchange->{sizes}};
  $exchange->{over} = 1;
  $pending-- unless $exchange->{late};
  my $socket = delete $exchange->{socket} or return;
  $under_way-- unless $exchange->{late};
  delete $by_flow{$exchange->{flow}} if $exchange->{flow};
  unwatch($socket, 'both');
  close $socket;
}

# All that is left of an exchange ends with this outcome.
sub give_up { my ($exchange, $outcome) = @_; result($exchange, $outcome) while !$exchange->{over} }

# Patience has passed. But whoever should have answered may have been held up more than this process was: an answer still
# counts that is there when all agents have looked once more, for which podwire asks when all have come to this.
sub lapse {
  my ($exchange) = @_;
  return give_up($exchange, 'no-answer') if @late >= $room;
  push @late, $exchange;
  $exchange->{late} = 1;
  $pending--;
  $under_way-- if $exchange->{socket};
}

# The kernel refused, with the current error number. Where an ICMP error made it refuse, that has come to the place's raw
# socket first (ip_protocol_deliver_rcu), and says more.
sub refused {
  my ($exchange) = @_;
  my $error = errname();
  hear($exchange->{place}, $exchange->{family});
  return if $exchange->{over};
  my $told = $exchange->{place}{too_big}{$exchange->{target}};
  give_up($exchange, $error eq 'EMSGSIZE' && $told ? $told : $error);
}

# --- ICMP ---------------------------------------------------------------------------------------------------------------

# nft(8) has these words. ICMPv6 has the same ones where it means the same.
my %words = (
  4 => {
    3 => ['net-unreachable', 'host-unreachable', 'prot-unreachable', 'port-unreachable', 'frag-needed', 'source-route-failed', 'net-unknown',
      'host-unknown', 'host-isolated', 'net-prohibited', 'host-prohibited', 'net-unreachable-tos', 'host-unreachable-tos', 'admin-prohibited'],
    11 => ['ttl-exceeded', 'reassembly-timeout'],
    12 => ['parameter-problem'],
  },
  6 => {
    1 => ['net-unreachable', 'admin-prohibited', 'beyond-scope', 'host-unreachable', 'port-unreachable', 'policy-fail', 'reject-route'],
    2 => ['frag-needed'],
    3 => ['ttl-exceeded', 'reassembly-timeout'],
    4 => ['parameter-problem'],
  },
);

# One raw socket a place and family hears all that is for the place, and sends all that the place asks.
sub open_raw {
  my ($place, $family) = @_;
  my $socket = socket_at($place, $family, SOCK_RAW, $icmp{$family}{protocol}) or return row('deaf', $place->{name}, 'icmp', $family, errname());
  my ($pass, $type) = ('', $icmp{$family});
  vec($pass, $_, 1) = 1 for $type->{request}, $type->{reply}, @{$type->{errors}};
  # A set bit keeps a type out.
  if ($family == 4) { setsockopt $socket, SOL_RAW, ICMP_FILTER, pack('L', ~unpack('L', $pass . "\0" x 4) & 0xffffffff) }
  else {
    setsockopt $socket, IPPROTO_ICMPV6, ICMP6_FILTER, ~substr $pass . "\0" x 32, 0, 32;
    setsockopt $socket, IPPROTO_IPV6, $_, pack('i', 1) for IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT;
  }
  # Room for what comes while this process waits for a processor. Without the right to force it, as much as anyone may have.
  setsockopt($socket, SOL_SOCKET, $_->[0], pack('i', 1 << 24)) || setsockopt($socket, SOL_SOCKET, $_->[1], pack('i', 1 << 24))
    for [SO_RCVBUFFORCE, SO_RCVBUF], [SO_SNDBUFFORCE, SO_SNDBUF];
  # When a reply came, not when this process got round to it.
  setsockopt $socket, SOL_SOCKET, SO_TIMESTAMPNS, pack('i', 1);
  $place->{raw}{$family} = $socket;
  watch($socket, 'read', sub { hear($place, $family) });
}

my %heard;
# Reads all that has come to the place's raw socket. IPv4 comes with its header (raw(7)), IPv6 without (RFC 3542).
sub hear {
  my ($place, $family) = @_;
  my $socket = $place->{raw}{$family} or return;
  while (my ($packet, $peer, $with) = receive($socket)) {
    my $arrived = seconds($with->{SOL_SOCKET . ' ' . SO_TIMESTAMPNS});
    if ($family == 4) {
      my ($first, $ttl, $source, $destination) = unpack 'C x7 C x3 a4 a4', $packet;
      icmp_in($place, 4, $source, $destination, $ttl, $arrived, substr $packet, ($first & 15) * 4);
    } else {
      my (undef, $source) = unpack_sockaddr_in6($peer);
      icmp_in($place, 6, $source, meant(6, $with), unpack('l', $with->{IPPROTO_IPV6 . ' ' . IPV6_HOPLIMIT}), $arrived, $packet);
    }
  }
}

sub icmp_in {
  my ($place, $family, $source, $destination, $ttl, $arrived, $packet) = @_;
  return if length $packet < 8;
  my ($type, $code, $identifier) = unpack 'C C x2 n', $packet;
  my $echo = $type == $icmp{$family}{request} ? 'heard' : $type == $icmp{$family}{reply} ? 'echoed' : '';
  return icmp_error($place, $family, $source, $type, $code, $packet) if $echo eq '';
  my (undef, $number, $size) = header($packet, 8) or return;
  return if $heard{"$echo $place->{name} $number $size"}++;
  my @flow = (text($source), $identifier, text($destination), $identifier);
  return row('heard', $place->{name}, 'icmp', $number, $size, @flow, $ttl) if $echo eq 'heard';
  row('echoed', $place->{name}, $number, $size, @flow);
  my $exchange = $by_number{"$number $size"};
  # At another place than the one that asked it is no answer to anybody.
  result($exchange, 'ok', $arrived - $exchange->{begun}) if $exchange && !$exchange->{over} && $exchange->{place} == $place;
}

# An ICMP error came to a place. It quotes the packet that it is about, as that left here (conntrack turns it back), or at
# least the first 8 bytes after its IP header.
sub icmp_error {
  my ($place, $family, $source, $type, $code, $packet) = @_;
  my $word = ($words{$family}{$type} // [])->[$code] // "icmp-$type-$code";
  $word .= ' ' . ($family == 4 ? unpack 'x6 n', $packet : unpack 'x4 N', $packet) if $word eq 'frag-needed';
  my $error = "$word from " . text($source);
  my $quoted = substr $packet, 8;
  return if length $quoted < ($family == 4 ? 28 : 48);
  my ($protocol, $target, $at) = $family == 4 ? (unpack('x9 C x6 a4', $quoted), (ord($quoted) & 15) * 4) : (unpack('x6 C x17 a16', $quoted), 40);
  my $exchange;
  if ($protocol == $icmp{$family}{protocol}) {
    my (undef, $number, $size) = header($quoted, $at + 8);
    $exchange = defined $number ? $by_number{"$number $size"} : $place->{by_identifier}{unpack "x$at x4 n", $quoted};
  } else {
    $exchange = $by_flow{join ' ', $place->{name}, $protocol, $family, unpack "x$at n", $quoted};
  }
  return if !$exchange || $exchange->{over} || $exchange->{place} != $place;
  $place->{too_big}{$exchange->{target}} = $error if $word =~ /^frag-needed/;
  # TCP sends smaller segments, which tells in the end.
  if ($exchange->{protocol} eq 'tcp' && $word =~ /^frag-needed/) { $exchange->{note} = $error }
  else { give_up($exchange, $error) }
}

# The source that the kernel chooses for packets to there: a socket is connected, and nothing is sent.
sub source_for {
  my ($place, $pair) = @_;
  my $socket = socket_at($place, $pair->{family}, SOCK_DGRAM, IPPROTO_UDP) or return '-';
  connect $socket, sockaddr($pair->{family}, inet_pton($domain{$pair->{family}}, $pair->{address}), $port) or return '-';
  return (hostport(getsockname $socket))[0];
}

sub ask_icmp {
  my ($pair, $size) = @_;
  my $exchange = begin($pair, 'icmp', $size);
  my ($place, $family) = @{$exchange}{qw(place family)};
  my $raw = $place->{raw}{$family} or return give_up($exchange, 'no-socket');
  my $source = $pair->{source} //= source_for($place, $pair);
  # One for each: where a place asked all with one identifier, and a destination was translated to another that is asked
  # too, the kernel would have to change the identifier of either, and call an echo translated that nothing else touches.
  my $identifier = 1 + ($first + 2 * $pair->{number} + ($size eq 'full')) % 65_535;
  $exchange->{used} = [$source, $source eq '-' ? 0 : $identifier];
  $place->{by_identifier}{$identifier} = $by_number{"$pair->{number} $size"} = $exchange;
  my $text = message(size_in($size, $family == 4 ? 28 : 48), $pair->{number}, $size);
  my $packet = pack 'C C n n n a*', $icmp{$family}{request}, 0, 0, $identifier, 1, $text;
  substr($packet, 2, 2) = pack 'n', checksum($packet) if $family == 4; # for ICMPv6 the kernel does it (RFC 3542)
  my $peer = sockaddr($family, $exchange->{target}, 0);
  $exchange->{begun} = now(CLOCK_REALTIME);
  attempts($exchange, sub { return defined send $raw, $packet, 0, $peer });
}

sub checksum { my ($packet) = @_; my $sum = unpack '%32n*', $packet . (length $packet & 1 ? "\0" : ''); $sum = ($sum & 0xffff) + ($sum >> 16) for 1, 2; return ~$sum & 0xffff }

# Sends up to three times, and gives up when patience has passed.
sub attempts {
  my ($exchange, $send) = @_;
  my ($tries, $until) = (0, $waited + $patience);
  my $try;
  $try = sub {
    return lapse($exchange) if $tries == 3 || $waited > $until;
    if (!$send->()) {
      return refused($exchange) if $! != EAGAIN;
      return later(0.002, $exchange, $try); # the socket's own queue is full: packets wait for a neighbour's address
    }
    $tries++;
    later($patience / 3, $exchange, $try);
  };
  $try->();
}

# --- TCP and UDP -------------------------------------------------------------------------------------------------------

# Listens at all addresses of a place, whichever it has by now: an answer is told by its place's name, and one from a
# place that should not have the address is found out by that.
sub listen_at {
  my ($place, $family) = @_;
  my $tcp = socket_at($place, $family, SOCK_STREAM, IPPROTO_TCP);
  if ($tcp && setsockopt($tcp, SOL_SOCKET, SO_REUSEADDR, 1) && bind($tcp, any($family, $port)) && listen($tcp, 1024)) {
    watch($tcp, 'read', sub { while (my $peer = accept(my $socket, $tcp)) { serve($place, $socket, $peer) } });
  } else { row('deaf', $place->{name}, 'tcp', $family, errname()) }
  my $udp = socket_at($place, $family, SOCK_DGRAM, IPPROTO_UDP);
  if ($udp && set($udp, $family, IP_PKTINFO, IPV6_RECVPKTINFO, 1) && bind($udp, any($family, $port))) {
    watch($udp, 'read', sub {
      while (my ($text, $peer, $with) = receive($udp)) {
        my ($length, $number, $size) = header($text) or next;
        my $own = meant($family, $with);
        row('heard', $place->{name}, 'udp', $number, $size, hostport($peer), text($own), $port, '-') unless $heard{"udp $place->{name} $number $size"}++;
        send_from($udp, $family, $own, $peer, message($length, $number, $size, $place->{name}));
      }
    });
  } else { row('deaf', $place->{name}, 'udp', $family, errname()) }
  push @{$place->{listeners}}, grep { $_ } $tcp, $udp;
}

sub serve {
  my ($place, $socket, $peer) = @_;
  fcntl $socket, F_SETFL, fcntl($socket, F_GETFL, 0) | O_NONBLOCK;
  my ($in, $out) = ('', '');
  my $end = sub { unwatch($socket, 'both'); close $socket };
  my $write = sub {
    my $count = syswrite $socket, $out;
    if (defined $count) { substr($out, 0, $count, ''); unwatch($socket, 'write') if $out eq '' }
    elsif ($! != EAGAIN) { $end->() }
  };
  watch($socket, 'read', sub {
    my $count = sysread $socket, $in, 65536, length $in;
    return if !defined $count && $! == EAGAIN;
    return $end->() unless $count;
    return if length $in < HEADER;
    my ($length, $number, $size) = header($in) or return $end->();
    return if length $in < $length;
    $in = substr $in, $length;
    row('heard', $place->{name}, 'tcp', $number, $size, hostport($peer), hostport(getsockname $socket), '-');
    $out .= message($length, $number, $size, $place->{name}, unpack 'i', getsockopt $socket, IPPROTO_TCP, TCP_MAXSEG);
    $write->();
    watch($socket, 'write', $write) if $out ne '' && fileno $socket;
  });
}

# Connects a socket of the place, and notes the source that the kernel chose, whatever becomes of it. False when it was refused.
sub connected {
  my ($exchange, $type, $protocol) = @_;
  my ($place, $family) = @{$exchange}{qw(place family)};
  my $socket = socket_at($place, $family, $type, $protocol);
  if (!$socket) { give_up($exchange, errname()); return }
  $under_way++;
  $exchange->{socket} = $socket;
  set($socket, $family, IP_RECVERR, IPV6_RECVERR, 1); # ip(7): an ICMP error is told at once, not after all attempts
  if (!connect($socket, sockaddr($family, $exchange->{target}, $port)) && $! != EINPROGRESS) { refused($exchange); return }
  $exchange->{used} = [hostport(getsockname $socket)];
  $exchange->{flow} = join ' ', $place->{name}, $protocol, $family, $exchange->{used}[1];
  $by_flow{$exchange->{flow}} = $exchange;
  return $socket;
}

# Both sizes over one connection, one after the other.
sub ask_tcp {
  my ($pair, @sizes) = @_;
  my $exchange = begin($pair, 'tcp', @sizes);
  my $socket = connected($exchange, SOCK_STREAM, IPPROTO_TCP) or return;
  later($patience, $exchange, sub { lapse($exchange) });
  # A full one is one segment that fills the MTU, with the timestamp option that Linux puts into each (RFC 7323). More
  # than one would leave as one large packet (GSO), and a veth lets those through whatever its MTU.
  my $headers = $pair->{family} == 4 ? 52 : 72;
  my ($in, $out, $begun, $open) = ('', '');
  my $write = sub {
    if (!$open) {
      $! = unpack 'i', getsockopt $socket, SOL_SOCKET, SO_ERROR;
      return refused($exchange) if $!;
      $open = 1;
    }
    if ($out eq '') { $begun = now(); $out = message(size_in($exchange->{sizes}[0], $headers), $pair->{number}, $exchange->{sizes}[0]) }
    my $count = syswrite $socket, $out;
    return $! == EAGAIN ? undef : refused($exchange) unless defined $count;
    substr($out, 0, $count, '');
    unwatch($socket, 'write') if $out eq '';
  };
  watch($socket, 'write', $write);
  watch($socket, 'read', sub {
    return if $exchange->{over} || !$open; # a refused connection is readable too; the writable side tells of it
    my $count = sysread $socket, $in, 65536, length $in;
    return $! == EAGAIN ? undef : refused($exchange) unless defined $count;
    return give_up($exchange, 'ECONNRESET') unless $count;
    return if length $in < HEADER;
    my ($length, undef, undef, $by, $theirs) = header($in) or return;
    return if length $in < $length;
    $in = '';
    my $mss = unpack 'i', getsockopt $socket, IPPROTO_TCP, TCP_MAXSEG;
    result($exchange, 'ok', now() - $begun, $by, $mss < $theirs ? $mss : $theirs);
    return if $exchange->{over};
    $write->();
    watch($socket, 'write', $write) if $out ne '' && !$exchange->{over};
  });
}

sub ask_udp {
  my ($pair, $size) = @_;
  my $exchange = begin($pair, 'udp', $size);
  my $socket = connected($exchange, SOCK_DGRAM, IPPROTO_UDP) or return;
  my $text = message(size_in($size, $pair->{family} == 4 ? 28 : 48), $pair->{number}, $size);
  my $begun = now();
  watch($socket, 'read', sub {
    return if $exchange->{over};
    my $count = sysread $socket, my $answer, 65536;
    return $! == EAGAIN ? undef : refused($exchange) unless defined $count;
    my (undef, undef, undef, $by) = header($answer) or return;
    result($exchange, 'ok', now() - $begun, $by);
  });
  # An error that an earlier packet brought back is told by the next one too.
  attempts($exchange, sub { return defined send $socket, $text, 0 });
}

# --- the acts -----------------------------------------------------------------------------------------------------------

# Descriptors are limited, often to 1024 where more are there for the asking (getrlimit(2)).
my $limits = pack 'QQ', 1024, 1024;
syscall $call->{prlimit64}, 0, RLIMIT_NOFILE, 0, $limits;
my ($soft, $hard) = unpack 'QQ', $limits;
my $more = pack 'QQ', $hard < 65536 ? $hard : 65536, $hard;
$soft = unpack 'Q', $more if syscall($call->{prlimit64}, 0, RLIMIT_NOFILE, $more, 0) == 0;
my $window = $soft - 64 - 7 * @here;
$window = $window < 16 ? 16 : $window > 1000 ? 1000 : $window;
$room = ($soft - 64 - 7 * @here - $window) / 2; # others' late ones need descriptors too

my ($stopped, $lock) = (0);
fcntl STDIN, F_SETFL, fcntl(STDIN, F_GETFL, 0) | O_NONBLOCK;
watch(\*STDIN, 'read', sub {
  my $count = sysread STDIN, $orders, 65536, length $orders;
  return if !defined $count && $! == EAGAIN;
  if (!$count) { $stopped = 1; unwatch(\*STDIN, 'read') }
});

# The lab's lock: a name of unix(7) that is in no file. It belongs to a network namespace, this machine's, and the kernel
# frees it when this process ends, however it ends.
sub hold_lock {
  socket($lock, AF_UNIX, SOCK_DGRAM, 0) or die "cannot make the lab's lock: $!\n";
  my $until = now() + 30;
  while (!bind $lock, pack 'S a*', AF_UNIX, "\0podwire-probe") {
    die "cannot hold the lab's lock: $!\n" if $! != EADDRINUSE;
    if (now() > $until) { row('busy', 'another probe of this lab has not ended in 30 s'); $stopped = 1 }
    my $order = $reads;
    select $order, undef, undef, 0.005;
    $on_read{fileno STDIN}->() if vec $order, fileno STDIN, 1;
    return if $stopped;
  }
  row('locked');
}

sub exchange_all {
  my %left_out = map { $_ => 1 } @_;
  for my $pair (@asked) {
    next if !$here{$pair->{from}} || $left_out{$pair->{to}};
    push @waiting, map { my $size = $_; sub { ask_icmp($pair, $size) } } @sizes if $protocols{icmp};
    push @waiting, sub { ask_tcp($pair, @sizes) } if $protocols{tcp};
    push @waiting, map { my $size = $_; sub { ask_udp($pair, $size) } } @sizes if $protocols{udp};
  }
  while (!$stopped && (@waiting || $pending)) {
    while (@waiting && $under_way < $window) { (shift @waiting)->() }
    turn();
  }
}

# A new IPv6 address is not used until the kernel knows that nobody else has it, a second or two after its link came up
# (RFC 4862, 5.4): what is sent before is lost, and says nothing of the lab.
sub settle_addresses {
  my ($place, $until) = @_;
  while (!$stopped && enter($place) && open(my $list, '<', '/proc/self/net/if_inet6')) {
    my (%local, %global, $unready);
    while (my $line = <$list>) {
      my ($address, undef, undef, undef, $flags, $device) = split ' ', $line;
      my $tentative = hex($flags) & IFA_F_TENTATIVE;
      if ($address =~ /^fe80/) { $local{$device} ||= !$tentative }
      else { $global{$device} = 1; $unready ||= $tentative }
    }
    # A router asks for neighbours from its link-local address (ndisc_solicit, net/ipv6/ndisc.c); who sends, from his own.
    if (forwards_ipv6()) { for my $device (keys %global) { $unready ||= exists $local{$device} && !$local{$device} } }
    return if !$unready || now() > $until;
    select undef, undef, undef, 0.02;
  }
}

sub forwards_ipv6 { open(my $setting, '<', '/proc/sys/net/ipv6/conf/all/forwarding') or return 0; return <$setting> =~ /^1/ }

my %obey = (
  lock => \&hold_lock,
  listen => sub {
    if (grep { $_ == 6 } @families) { my $until = now() + ($patience < 0.5 ? 2 * $patience : 2.5); settle_addresses($_, $until) for @here }
    for my $place (@here) { for my $family (@families) { open_raw($place, $family); listen_at($place, $family) } }
    row('ready');
  },
  go => sub { exchange_all(@_); row('late', scalar @late) if @late; row('done') },
  settle => sub { 1 while turn(0); row("settled$_[0]") },
  stop => sub { $stopped = 1 },
);

while (1) {
  while (!$stopped && $orders =~ s/^(.*)\n//) { my ($word, @rest) = split /\t/, $1; $obey{$word}->(@rest) }
  last if $stopped;
  turn();
}
for my $exchange (@late) { give_up($exchange, 'no-answer') unless $exchange->{over} }
# What arrived here for exchanges that are over elsewhere.
for my $place (@here) {
  for my $family (sort keys %{$place->{raw}}) {
    hear($place, $family);
    my $dropped = (unpack 'L*', getsockopt $place->{raw}{$family}, SOL_SOCKET, SO_MEMINFO)[8];
    row('overrun', $place->{name}, $dropped) if $dropped;
  }
  close $_ for @{$place->{listeners}};
}
row('bye');
flush();
