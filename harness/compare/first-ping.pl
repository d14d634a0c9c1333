# Asks one address again and again, from when it is told to, and says when the first answer came. One process a machine; on
# machines without the sender it only forgets.
#
# What nobody answers for stays in a neighbour table for a second before it is asked for again (arp(7), retrans_time): by then
# whoever was missing has been there for long, and the asking itself would have made the network late. So what has not been
# resolved for two looks is taken out of the tables of this machine's namespaces, by rtnetlink(7).
#
#   perl -e ... INTERVAL NAMESPACE ADDRESS     milliseconds; `-` for both where the sender is elsewhere
#
# A line on its standard input is the word to begin; the end of it is the end. It prints `ready`, and once `answered SECONDS`
# since the epoch.
use strict;
use warnings;
use Config;
use Socket qw(:DEFAULT inet_aton inet_ntoa IPPROTO_ICMP MSG_DONTWAIT);

use constant {AF_NETLINK => 16, NETLINK_ROUTE => 0, CLONE_NEWNET => 0x40000000, CLOCK_REALTIME => 0};
# linux/rtnetlink.h, linux/netlink.h, linux/neighbour.h
use constant {RTM_DELNEIGH => 29, RTM_GETNEIGH => 30, REQUEST => 1, DUMP => 0x300, DONE => 3, NDA_DST => 1, UNRESOLVED => 0x01 | 0x20};

my ($processor) = $Config{archname} =~ /^(\w+)/;
my $call = {
  x86_64 => {clock_gettime => 228, setns => 308},
  aarch64 => {clock_gettime => 113, setns => 268},
}->{$processor} or die "the system calls of $processor are not known\n";

my ($interval, $netns, $address) = @ARGV;
my $pause = $interval / 1000;
my $target = $address eq '-' ? undef : inet_aton($address);
open(my $own, '<', '/proc/self/ns/net') or die "cannot open my own namespace: $!\n";

sub now {
  my $time = pack 'qq', 0, 0;
  syscall $call->{clock_gettime}, CLOCK_REALTIME, $time;
  my ($seconds, $nanoseconds) = unpack 'qq', $time;
  return $seconds + $nanoseconds / 1e9;
}

# A socket stays where it was made; a namespace whose making is not over yet gives none.
sub socket_in {
  my ($name, @kind) = @_;
  my $fd = $own;
  if ($name ne '-') { open($fd, '<', "/run/netns/$name") or return }
  syscall($call->{setns}, fileno $fd, CLONE_NEWNET) == 0 or return;
  my $made = socket(my $socket, $kind[0], SOCK_RAW, $kind[1]);
  syscall($call->{setns}, fileno $own, CLONE_NEWNET) == 0 or die "cannot return to my own namespace: $!\n";
  return $made ? $socket : undef;
}

my (%tables, %seen);

sub forget {
  my @names = ('-');
  if (opendir my $folder, '/run/netns') { push @names, grep { !/^\./ } readdir $folder }
  my %now;
  for my $name (@names) {
    my $socket = $tables{$name} //= socket_in($name, AF_NETLINK, NETLINK_ROUTE) or next;
    defined send($socket, pack('LSSLL CxSlSCC', 28, RTM_GETNEIGH, REQUEST | DUMP, 1, 0, AF_INET, 0, 0, 0, 0, 0), 0) or next;
    my @stale;
    DUMP: while (1) {
      my $bytes;
      defined recv $socket, $bytes, 65536, 0 or last;
      while (length $bytes >= 16) {
        my ($length, $type) = unpack 'LS', $bytes;
        last DUMP if $type == DONE || $length < 28;
        my ($index, $state) = unpack 'x20 lS', $bytes;
        my $attributes = substr $bytes, 28, $length - 28;
        while ($state & UNRESOLVED && length $attributes >= 4) {
          my ($size, $kind) = unpack 'SS', $attributes;
          last if $size < 4;
          push @stale, [$index, substr $attributes, 4, $size - 4] if $kind == NDA_DST;
          substr $attributes, 0, ($size + 3) & ~3, '';
        }
        substr $bytes, 0, ($length + 3) & ~3, '';
      }
    }
    for (@stale) {
      my ($index, $whom) = @$_;
      my $key = "$name $index $whom";
      if (!$seen{$key}) { $now{$key} = 1; next }
      send $socket, pack('LSSLL CxSlSCC SSa4', 36, RTM_DELNEIGH, REQUEST, 2, 0, AF_INET, 0, $index, 0, 0, 0, 8, NDA_DST, $whom), 0;
    }
  }
  %seen = %now;
}

my ($asker, $asking, $sequence, $identifier) = (undef, 0, 0, $$ & 0xffff);

sub ask {
  my $message = pack 'CCnnn', 8, 0, 0, $identifier, ++$sequence & 0xffff;
  my $sum = 0;
  $sum += $_ for unpack 'n*', $message;
  $sum = ($sum & 0xffff) + ($sum >> 16) while $sum >> 16;
  substr $message, 2, 2, pack 'n', ~$sum & 0xffff;
  send $asker, $message, MSG_DONTWAIT, pack_sockaddr_in(0, $target);
}

sub answered {
  while (defined recv $asker, my $packet, 2048, MSG_DONTWAIT) {
    my $header = (unpack('C', $packet) & 15) * 4;
    next if length $packet < $header + 8;
    my ($type, $id) = unpack "x$header C x3 n", $packet;
    return 1 if $type == 0 && $id == $identifier && substr($packet, 12, 4) eq $target;
  }
  return 0;
}

$| = 1;
print "ready\n";
my $next = now();
for (my $turn = 0; ; $turn++) {
  forget() if $turn % 2 == 0;
  if ($asking && $target) {
    $asker //= socket_in($netns, PF_INET, IPPROTO_ICMP);
    ask() if $asker;
  }
  $next += $pause;
  $next = now() if $next < now() - 1;
  while ((my $left = $next - now()) > 0) {
    my $reads = '';
    vec($reads, fileno STDIN, 1) = 1;
    vec($reads, fileno $asker, 1) = 1 if $asker;
    select $reads, undef, undef, $left;
    if (vec($reads, fileno STDIN, 1)) {
      sysread STDIN, my $word, 64 or exit;
      $asking = 1;
      last;
    }
    if ($asker && answered()) {
      printf "answered %.6f\n", now();
      exit;
    }
  }
}
