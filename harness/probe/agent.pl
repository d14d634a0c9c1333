# The sending and seeing end of the probes: one process a node, started by podwire on the node, for all its places.
#
# perl is on every Debian and Ubuntu machine (perl-base is essential), and a socket stays in the network namespace it was
# made in (network_namespaces(7)), so this one process holds TCP and UDP sockets in the node and in each of its pods and
# exchanges with all other places at once: socat would need a process an exchange, some 2,000 for 30 pods. ICMP is sent
# by fping; what arrived, and what was answered, is recorded by nft where the kernel's own echo code sees it.
#
# It reads a plan, a line each, and ends with the line `end`; then it obeys `go` and `stop`, and end of input is `stop`.
# It prints rows of tab-separated fields, then one of: `ready` after the plan, `done` after `go`, `bye` after `stop`.
use strict;
use warnings;
use Socket qw(:DEFAULT inet_pton inet_ntop IPPROTO_TCP IPPROTO_UDP IPPROTO_IP);
use Fcntl qw(F_GETFL F_SETFL O_NONBLOCK);
use POSIX qw(:sys_wait_h :errno_h);
use Errno ();

use constant {CLONE_NEWNET => 0x40000000, IP_MTU_DISCOVER => 10, IP_PMTUDISC_DO => 2, IP_RECVERR => 11, TCP_MAXSEG => 2, HEADER => 128};
# setns(2) by number: perl-base has no syscall.ph
my %setns = (x86_64 => 308, aarch64 => 268);
my $setns = $setns{(POSIX::uname())[4]} or die "no setns number for this processor\n";

$| = 1;
$SIG{PIPE} = 'IGNORE';

my ($nonce, $port, $mtu, $patience, $remainder, $nodes) = ('', 0, 1500, 1, 0, 1);
my (@here, @there);
while (defined(my $line = <STDIN>)) {
  chomp $line;
  my ($word, @rest) = split /\t/, $line;
  last if $word eq 'end';
  ($nonce, $port, $mtu, $patience) = @rest if $word eq 'probe';
  ($remainder, $nodes) = @rest if $word eq 'node';
  push @here, {name => $rest[0], netns => $rest[1], address => $rest[2]} if $word eq 'here';
  push @there, {name => $rest[0], address => $rest[1]} if $word eq 'there';
}

sub row { print join("\t", @_), "\n" }

# The name of the current error number, so that podwire compares names and not numbers or words.
sub errname {
  my $number = $! + 0;
  for my $name (qw(ENETUNREACH EHOSTUNREACH ECONNREFUSED EMSGSIZE EADDRNOTAVAIL EADDRINUSE EPERM EACCES EINVAL ENOBUFS ETIMEDOUT ECONNRESET ENETDOWN EAGAIN ENOENT)) {
    return $name if $number == Errno->can($name)->();
  }
  return "errno-$number";
}

# --- namespaces -------------------------------------------------------------------------------------------------

open(my $own, '<', '/proc/self/ns/net') or die "cannot open my own namespace: $!\n";
my $inside = $own;

sub enter {
  my ($place) = @_;
  return 1 if fileno($inside) == fileno($place->{fd});
  syscall($setns, fileno($place->{fd}), CLONE_NEWNET) == 0 or return 0;
  $inside = $place->{fd};
  return 1;
}

for my $place (@here) {
  if ($place->{netns} eq '-') { $place->{fd} = $own; next }
  if (!open($place->{fd}, '<', "/run/netns/$place->{netns}")) { row('absent', $place->{name}, errname()); $place->{fd} = undef }
}
@here = grep { $_->{fd} } @here;

# --- event loop: one handler a descriptor -------------------------------------------------------------------------

my (%on_read, %on_write, @timers);
my ($reads, $writes) = ('', '');

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

sub now { my $time = pack 'qq', 0, 0; syscall($clock::gettime, 1, $time); my ($s, $ns) = unpack 'qq', $time; return $s + $ns / 1e9 }
BEGIN { $clock::gettime = {x86_64 => 228, aarch64 => 113}->{(POSIX::uname())[4]} } # clock_gettime(2), CLOCK_MONOTONIC

sub later { my ($delay, $what) = @_; push @timers, {at => now() + $delay, what => $what} }

sub turn {
  my $wait = 1;
  my $time = now();
  for my $timer (@timers) { $wait = $timer->{at} - $time if $timer->{at} - $time < $wait }
  $wait = 0 if $wait < 0;
  my ($r, $w) = ($reads, $writes);
  if (select($r, $w, undef, $wait) > 0) {
    for my $fd (keys %on_read) { $on_read{$fd}->() if vec($r, $fd, 1) && $on_read{$fd} }
    for my $fd (keys %on_write) { $on_write{$fd}->() if vec($w, $fd, 1) && $on_write{$fd} }
  }
  $time = now();
  my @due = grep { $_->{at} <= $time } @timers;
  @timers = grep { $_->{at} > $time } @timers;
  $_->{what}->() for @due;
}

# --- programs run in a place's namespace ---------------------------------------------------------------------------

# Calls $then with the program's exit status, its output and its complaints. $fits picks the process ids it may have.
sub program {
  my ($place, $input, $then, $fits, @argv) = @_;
  pipe(my $out, my $out_end);
  pipe(my $err, my $err_end);
  pipe(my $in_end, my $in);
  my $pid;
  while (1) {
    $pid = fork // die "cannot fork: $!\n";
    last if $pid == 0 || !$fits || $fits->($pid);
    kill 'KILL', $pid;
    waitpid $pid, 0;
  }
  if ($pid == 0) {
    if ($fits && !$fits->($$)) { sleep 60; POSIX::_exit(0) }
    enter($place) or POSIX::_exit(126);
    open STDIN, '<&', $in_end;
    open STDOUT, '>&', $out_end;
    open STDERR, '>&', $err_end;
    { exec {$argv[0]} @argv }
    print STDERR "$argv[0]: ", errname(), "\n";
    POSIX::_exit(127);
  }
  close $_ for $out_end, $err_end, $in_end;
  print {$in} $input; # a few hundred bytes: a pipe takes them at once
  close $in;
  my ($text, $complaints, $open) = ('', '', 2);
  my $reader = sub {
    my ($handle, $to) = @_;
    watch($handle, 'read', sub {
      return if sysread $handle, $$to, 65536, length $$to;
      unwatch($handle, 'read');
      close $handle;
      return if --$open;
      waitpid $pid, 0;
      $then->($? & 127 ? 128 + ($? & 127) : $? >> 8, $text, $complaints, $pid);
    });
  };
  $reader->($out, \$text);
  $reader->($err, \$complaints);
}

# --- what each place sees of ICMP ------------------------------------------------------------------------------------

# `sent` is what left a socket, before any translation on this place; `seen` is what reached one, after all of it.
# Of three fields and more nft takes only some: with the ICMP type or the length among these, nft 1.0.6 aborts when it
# lists the set (mergesort.c). The echo identifier tells the size too, since each size has an fping of its own.
my $audit = <<'END';
table ip podwire_audit {
  set requests_sent { typeof ip saddr . ip daddr . icmp id; flags dynamic; size 65536; }
  set replies_sent { typeof ip saddr . ip daddr . icmp id; flags dynamic; size 65536; }
  set requests_seen { typeof ip saddr . ip daddr . icmp id . ip ttl; flags dynamic; size 65536; }
  set replies_seen { typeof ip saddr . ip daddr . icmp id . ip ttl; flags dynamic; size 65536; }
  chain output {
    type filter hook output priority -10000; policy accept;
    icmp type echo-request update @requests_sent { ip saddr . ip daddr . icmp id }
    icmp type echo-reply update @replies_sent { ip saddr . ip daddr . icmp id }
  }
  chain input {
    type filter hook input priority 10000; policy accept;
    icmp type echo-request update @requests_seen { ip saddr . ip daddr . icmp id . ip ttl }
    icmp type echo-reply update @replies_seen { ip saddr . ip daddr . icmp id . ip ttl }
  }
}
END
$audit = "table ip podwire_audit\ndelete table ip podwire_audit\n$audit"; # whatever an interrupted run left

my $busy = 0;

sub install_audit {
  for my $place (@here) {
    $busy++;
    program($place, $audit, sub {
      my ($status, undef, $complaints) = @_;
      $place->{audited} = $status == 0;
      row('unaudited', $place->{name}, (split /\n/, $complaints)[0] // "nft ended with $status") if $status;
      $busy--;
    }, undef, 'nft', '-f', '-');
  }
}

# Two commands: nft 1.0.6 dies of a list and a delete in one batch.
sub read_audit {
  for my $place (grep { $_->{audited} } @here) {
    $busy++;
    program($place, '', sub {
      my ($status, $json, $complaints) = @_;
      $json =~ s/\n//g;
      if ($status || $json eq '') { row('unaudited', $place->{name}, (split /\n/, $complaints)[0] // "nft ended with $status") }
      else { row('audit', $place->{name}, $json) }
      program($place, '', sub { $busy-- }, undef, 'nft', 'delete', 'table', 'ip', 'podwire_audit');
    }, undef, 'nft', '-j', 'list', 'table', 'ip', 'podwire_audit');
  }
}

sub ping_all {
  my ($place, $size, $bytes, @dontfrag) = @_;
  my %addresses = map { $_->{address} => 1 } grep { $_->{name} ne $place->{name} } @there;
  return unless %addresses;
  $busy++;
  my $wait = int($patience * 500); # milliseconds for each of two attempts
  program($place, join("\n", keys %addresses), sub {
    my ($status, $output, $complaints, $pid) = @_;
    s/[\t\n]+/|/g for $output, $complaints;
    # fping(8): 1 and 2 tell of hosts that did not answer; above that it could not do its work
    if ($status > 2) { row('unpinged', $place->{name}, (split /\|/, $complaints)[0] // "fping ended with $status") }
    else { row('icmp', $place->{name}, $size, $pid & 0xffff, $output, $complaints) }
    $busy--;
  },
  # fping's echo identifier is its process id: a residue class a node keeps nodes in different PID namespaces apart
  sub { $_[0] % $nodes == $remainder },
  'fping', '-e', '-i', '0', '-r', '1', '-B', '1', '-t', $wait, '-b', $bytes, @dontfrag, '-f', '-');
}

# --- TCP and UDP -------------------------------------------------------------------------------------------------------

sub nonblocking { my ($socket) = @_; fcntl($socket, F_SETFL, fcntl($socket, F_GETFL, 0) | O_NONBLOCK) }
sub sockaddr { my ($address, $number) = @_; return pack_sockaddr_in($number, inet_pton(AF_INET, $address)) }
sub hostport { my ($packed) = @_; return ('-', 0) unless $packed; my ($number, $host) = unpack_sockaddr_in($packed); return (inet_ntop(AF_INET, $host), $number) }

# A message: a header line padded to HEADER bytes, then filling up to its length. The reply has the request's length.
sub message { my ($length, @fields) = @_; my $text = join ' ', $nonce, $length, @fields; return pack("A" . (HEADER - 1), $text) . "\n" . ('.' x ($length - HEADER)) }
sub header { my ($bytes) = @_; return if length $bytes < HEADER; my ($word, @fields) = split ' ', substr $bytes, 0, HEADER; return $word eq $nonce ? @fields : () }

sub listen_at {
  my ($place) = @_;
  if (!enter($place)) { row('deaf', $place->{name}, $_, errname()) for qw(tcp udp); return }
  my $address = sockaddr($place->{address}, $port);
  socket(my $tcp, AF_INET, SOCK_STREAM, IPPROTO_TCP);
  setsockopt($tcp, SOL_SOCKET, SO_REUSEADDR, 1);
  # Any local address will do for TCP: the accepted socket says which one was meant.
  if (bind($tcp, pack_sockaddr_in($port, INADDR_ANY)) && listen($tcp, 1024)) {
    nonblocking($tcp);
    watch($tcp, 'read', sub { while (my $peer = accept(my $socket, $tcp)) { serve($place, $socket, $peer) } });
  } else { row('deaf', $place->{name}, 'tcp', errname()) }
  # UDP must answer from the address that was asked: bound to it, the kernel has no choice of source.
  socket(my $udp, AF_INET, SOCK_DGRAM, IPPROTO_UDP);
  setsockopt($udp, IPPROTO_IP, IP_MTU_DISCOVER, pack('i', IP_PMTUDISC_DO));
  if (bind($udp, $address)) {
    nonblocking($udp);
    watch($udp, 'read', sub {
      while (defined(my $peer = recv($udp, my $bytes, 65536, 0))) {
        my ($length, $from, $to, $size) = header($bytes) or next;
        row('heard', $place->{name}, 'udp', $from, $to, $size, hostport($peer), $place->{address}, $port);
        send($udp, message($length, $place->{name}, 0), 0, $peer);
      }
    });
  } else { row('deaf', $place->{name}, 'udp', errname()) }
  $place->{listeners} = [$tcp, $udp];
}

sub serve {
  my ($place, $socket, $peer) = @_;
  nonblocking($socket);
  my ($in, $out, $got) = ('', '', 0);
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
    my ($length, $from, $to, $size) = header($in) or return;
    return if length $in < $length;
    $in = substr $in, $length;
    row('heard', $place->{name}, 'tcp', $from, $to, $size, hostport($peer), hostport(getsockname $socket));
    $out .= message($length, $place->{name}, unpack('i', getsockopt($socket, IPPROTO_TCP, TCP_MAXSEG)));
    watch($socket, 'write', $write);
  });
}

my (@waiting, $under_way);

# Runs the exchanges that wait, a bounded number at a time: descriptors are limited (RLIMIT_NOFILE is often 1024).
sub pump {
  while (@waiting && $under_way < 200) {
    my $start = shift @waiting;
    $under_way++;
    $start->();
  }
}

sub finish {
  my ($socket, @fields) = @_;
  if ($socket) { unwatch($socket, 'both'); close $socket }
  row(@fields);
  $under_way--;
  pump();
}

# Fields of a result: protocol from to size outcome rtt used-address used-port answered-by mss
sub ask_tcp {
  my ($place, $target) = @_;
  # One segment that fills the MTU, with the timestamp option that Linux puts into each (RFC 7323). More than one would
  # leave as one large packet (GSO), and a veth lets those through whatever its MTU.
  my @sizes = (['small', HEADER], ['full', $mtu - 52]);
  my ($socket, $over, @used, $begun);
  my $fail = sub {
    my ($error) = @_;
    return if $over++;
    row('tcp', $place->{name}, $target->{name}, $_->[0], $error, '-', @used ? @used : ('-', 0), '-', 0) for splice @sizes, 1;
    finish($socket, 'tcp', $place->{name}, $target->{name}, $sizes[0][0], $error, '-', @used ? @used : ('-', 0), '-', 0);
  };
  enter($place) or return $fail->(errname());
  socket($socket, AF_INET, SOCK_STREAM, IPPROTO_TCP);
  nonblocking($socket);
  setsockopt($socket, IPPROTO_IP, IP_RECVERR, pack('i', 1)); # ip(7): an ICMP error is told at once, not after all attempts
  my $connected = connect $socket, sockaddr($target->{address}, $port);
  return $fail->(errname()) if !$connected && $! != EINPROGRESS;
  @used = hostport(getsockname $socket); # connect(2) has chosen the source, whatever becomes of it
  later($patience, sub { $fail->('no-answer') });
  my ($in, $out) = ('', '');
  my $next = sub { $begun = now(); $out = message($sizes[0][1], $place->{name}, $target->{name}, $sizes[0][0]) };
  my $open;
  watch($socket, 'write', sub {
    if (!$open) {
      my $error = unpack 'i', getsockopt($socket, SOL_SOCKET, SO_ERROR);
      if ($error) { $! = $error; return $fail->(errname()) }
      $open = 1;
      $next->();
    }
    my $count = syswrite $socket, $out;
    return $! == EAGAIN ? undef : $fail->(errname()) unless defined $count;
    substr($out, 0, $count, '');
    unwatch($socket, 'write') if $out eq '';
  });
  my $writer = $on_write{fileno $socket};
  watch($socket, 'read', sub {
    return if $over;
    return unless $open; # a refused connection is readable too; the writable side tells of it
    my $count = sysread $socket, $in, 65536, length $in;
    return $! == EAGAIN ? undef : $fail->(errname()) unless defined $count;
    return $fail->('ECONNRESET') unless $count;
    my ($length, $by, $mss) = header($in) or return;
    return if length $in < $length;
    $in = '';
    my $own_mss = unpack 'i', getsockopt($socket, IPPROTO_TCP, TCP_MAXSEG);
    my @result = ('tcp', $place->{name}, $target->{name}, $sizes[0][0], 'ok', sprintf('%.3f', (now() - $begun) * 1000), @used, $by, $own_mss < $mss ? $own_mss : $mss);
    shift @sizes;
    if (@sizes) { row(@result); $next->(); watch($socket, 'write', $writer) }
    else { $over = 1; finish($socket, @result) }
  });
}

sub ask_udp {
  my ($place, $target, $size, $length) = @_;
  my ($socket, $over, @used);
  my $end = sub { return if $over++; finish($socket, 'udp', $place->{name}, $target->{name}, $size, $_[0], $_[1], @used ? @used : ('-', 0), $_[2], 0) };
  enter($place) or return $end->(errname(), '-', '-');
  socket($socket, AF_INET, SOCK_DGRAM, IPPROTO_UDP);
  nonblocking($socket);
  setsockopt($socket, IPPROTO_IP, IP_MTU_DISCOVER, pack('i', IP_PMTUDISC_DO));
  setsockopt($socket, IPPROTO_IP, IP_RECVERR, pack('i', 1));
  connect($socket, sockaddr($target->{address}, $port)) or return $end->(errname(), '-', '-');
  @used = hostport(getsockname $socket);
  my $begun = now();
  my $try;
  my $tries = 0;
  $try = sub {
    return if $over;
    return $end->('no-answer', '-', '-') if $tries++ == 3;
    # An error that an earlier packet brought back is told here; so is a packet larger than the path is known to take.
    defined send($socket, message($length, $place->{name}, $target->{name}, $size), 0) or return $end->(errname(), '-', '-');
    later($patience / 3, $try);
  };
  watch($socket, 'read', sub {
    return if $over;
    my $count = sysread $socket, my $bytes, 65536;
    return $! == EAGAIN ? undef : $end->(errname(), '-', '-') unless defined $count;
    my (undef, $by) = header($bytes) or return;
    $end->('ok', sprintf('%.3f', (now() - $begun) * 1000), $by);
  });
  $try->();
}

# --- the three acts ------------------------------------------------------------------------------------------------------

sub settle { turn() while $busy || $under_way || @waiting }

$under_way = 0;
install_audit();
listen_at($_) for @here;
settle();
row('ready');

my ($orders, $stopped) = ('', 0);
nonblocking(\*STDIN);
watch(\*STDIN, 'read', sub {
  my $count = sysread STDIN, $orders, 4096, length $orders;
  return if !defined $count && $! == EAGAIN;
  if (!$count) { $stopped = 1; unwatch(\*STDIN, 'read') }
});

while (!$stopped) {
  turn();
  if ($orders =~ s/^go\n//) {
    for my $place (@here) {
      ping_all($place, 'small', 56);
      ping_all($place, 'full', $mtu - 28, '-M');
      for my $target (grep { $_->{name} ne $place->{name} } @there) {
        push @waiting, sub { ask_tcp($place, $target) };
        push @waiting, sub { ask_udp($place, $target, 'small', HEADER) };
        push @waiting, sub { ask_udp($place, $target, 'full', $mtu - 28) };
      }
    }
    pump();
    settle();
    row('done');
  }
  $stopped = 1 if $orders =~ s/^stop\n//;
}
read_audit();
settle();
row('bye');
