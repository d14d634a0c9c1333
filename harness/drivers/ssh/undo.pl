# Brings a machine back to a snapshot (snapshot.pl): exactly what differs is made again or taken away, in the order in which
# things hold each other. Some of it brings other things along (a link that goes down loses routes): what still differs
# afterwards is looked at again.
use strict;
use warnings;

my $ROUNDS = 4;

# Returns the commands that were run, and what still differs.
sub undo {
  my ($before) = @_;
  my @run;
  my @left;
  for (1 .. $ROUNDS) {
    my $now = snapshot();
    @left = differences($before, $now);
    last unless @left;
    push @run, undo_once($before, $now, @left);
  }
  @left = differences($before, snapshot()) if @left;
  return (\@run, \@left);
}

sub undo_once {
  my ($before, $now, @differences) = @_;
  my @run;
  my $do = sub { push @run, join ' ', @_ if lines_ok(@_) };
  my %in = map { $_ => [] } map { ("$_ gone", "$_ new") } keys %$before;
  push @{$in{"$_->[0] $_->[1]"}}, $_->[2] for @differences;

  for (@{$in{'namespace new'}}) {
    my ($name) = split;
    my @pids = grep { $_ != $$ } lines_of(qw(ip netns pids), $name);
    kill KILL => @pids if @pids;
    $do->(qw(ip netns del), $name) unless grep { (split)[0] eq $name } @{$before->{namespace}};
  }
  undo_tables($before, $now, \%in, $do, \@run);
  undo_links($before, $now, \%in, $do);
  undo_sysctls(\%in, \@run);
  undo_addresses($before, $now, \%in, $do);
  for my $family (4, 6) {
    $do->('ip', "-$family", qw(route del), split) for @{$in{"route$family new"}};
    # A next hop needs the route to its own network first.
    $do->('ip', "-$family", qw(route add), split) for sort { ($a =~ / via / ? 1 : 0) <=> ($b =~ / via / ? 1 : 0) } @{$in{"route$family gone"}};
    for my $how (['gone', 'add'], ['new', 'del']) {
      for (@{$in{"rule$family $how->[0]"}}) {
        my ($priority, @rule) = split;
        $do->('ip', "-$family", 'rule', $how->[1], 'priority', $priority, @rule);
      }
    }
  }
  $do->(qw(ip neigh del), neighbour_words($_, 0)) for @{$in{'neighbour new'}};
  $do->(qw(ip neigh replace), neighbour_words($_, 1)) for @{$in{'neighbour gone'}};
  return @run;
}

# ADDRESS dev DEVICE lladdr MAC PERMANENT, or ADDRESS dev DEVICE proxy
sub neighbour_words {
  my ($line, $whole) = @_;
  my ($address, @rest) = split ' ', $line;
  return ('proxy', $address, 'dev', $rest[1]) if grep { $_ eq 'proxy' } @rest;
  return ($address, @rest[0, 1]) unless $whole;
  return ($address, (grep { $_ ne 'PERMANENT' } @rest), 'nud', 'permanent');
}

sub undo_links {
  my ($before, $now, $in, $do) = @_;
  my %was = map { (split)[0] => $_ } @{$before->{link}};
  my %is = map { (split)[0] => $_ } @{$now->{link}};
  for (@{$in->{'link new'}}) {
    my ($index, $name, $kind) = split;
    $do->(qw(ip link del), $name) unless $was{$index} || $kind eq '-';
  }
  for my $index (sort { $a <=> $b } keys %was) {
    my (undef, $name, $kind, $state, undef, $mtu, undef, $qlen, undef, $mac, $arp, undef, $master) = split ' ', $was{$index};
    my %want = (mtu => $mtu, qlen => $qlen, arp => $arp, master => $master);
    if (!$is{$index}) {
      # Made again where its kind has nothing that a snapshot does not tell. Under its old index, which others know it by.
      next if !grep { $kind eq $_ } qw(bridge dummy);
      $do->(qw(ip link add), 'name', $name, 'index', $index, 'address', $mac, 'type', $kind);
      $is{$index} = '';
    }
    next if $is{$index} eq $was{$index};
    my @has = split ' ', $is{$index};
    if (@has && $has[1] ne $name) { $do->(qw(ip link set dev), $has[1], 'down'); $do->(qw(ip link set dev), $has[1], 'name', $name); $has[3] = 'down' }
    $do->(qw(ip link set dev), $name, 'address', $mac) if @has && $has[9] ne $mac && $mac ne '-';
    $do->(qw(ip link set dev), $name, 'mtu', $want{mtu}) if !@has || $has[5] ne $want{mtu};
    $do->(qw(ip link set dev), $name, 'txqueuelen', $want{qlen}) if $want{qlen} ne '-' && (!@has || $has[7] ne $want{qlen});
    $do->(qw(ip link set dev), $name, 'arp', $want{arp} eq 'arp' ? 'on' : 'off') if !@has || $has[10] ne $want{arp};
    if (!@has || $has[12] ne $want{master}) { $do->(qw(ip link set dev), $name, $want{master} eq '-' ? 'nomaster' : ('master', $want{master})) }
    $do->(qw(ip link set dev), $name, $state) if !@has || $has[3] ne $state;
  }
}

# Of a device that is still as it was otherwise: the addresses count in their order, the first is the primary one.
sub undo_addresses {
  my ($before, $now, $in, $do) = @_;
  my %devices = map { (split)[0] => 1 } @{$in->{'address gone'}}, @{$in->{'address new'}};
  for my $device (sort keys %devices) {
    my %there = map { $_ => 1 } grep { (split)[0] eq $device } @{$now->{address}};
    my @wanted = grep { (split)[0] eq $device } @{$before->{address}};
    my %wanted = map { $_ => 1 } @wanted;
    for (grep { !$wanted{$_} } sort keys %there) {
      my (undef, undef, $address, @rest) = split;
      my @peer = ($rest[0] // '') eq 'peer' ? @rest[0, 1] : ();
      $do->(qw(ip addr del), $address, @peer, 'dev', $device);
    }
    my $broken = 0;
    for (@wanted) {
      my (undef, $family, $address, @rest) = split;
      $broken ||= !$there{$_} && $family eq 'inet';
      if ($there{$_}) {
        next unless $broken && $family eq 'inet';
        $do->(qw(ip addr del), $address, 'dev', $device);
      }
      $do->(qw(ip addr add), $address, @rest, 'dev', $device);
    }
  }
}

# What sets others goes first: ip_forward all of forwarding, `all` each device.
sub undo_sysctls {
  my ($in, $run) = @_;
  my $rank = sub { $_[0] =~ m{/ip_forward } ? 0 : $_[0] =~ m{/conf/all/} ? 1 : $_[0] =~ m{/conf/default/} ? 2 : 3 };
  for (sort { $rank->($a) <=> $rank->($b) || $a cmp $b } @{$in->{'sysctl gone'}}) {
    my ($path, $value) = split / /, $_, 2;
    next if !defined $value || (read_file($path) // $value) eq $value;
    open my $file, '>', $path or next;
    $value =~ s/\x0b/\n/g;
    syswrite $file, "$value\n";
    close $file;
    push @$run, 'sysctl -w ' . join('=', map { my $key = $_; $key =~ s{^/proc/sys/}{}; $key =~ tr{/}{.}; $key } $path) . "=$value";
  }
}

sub undo_tables {
  my ($before, $now, $in, $do, $run) = @_;
  my $had = sub { my ($section, $key) = @_; (grep { index($_, "$key ") == 0 } @{$before->{$section}})[0] };
  my %nft = map { join(' ', (split)[0, 1]) => 1 } @{$in->{'nft new'}}, @{$in->{'nft gone'}};
  for my $table (sort keys %nft) {
    my $whole = $had->('nft-whole', $table);
    if (!defined $whole) { $do->(qw(nft delete table), split ' ', $table); next }
    my $text = substr $whole, 1 + length $table;
    $text =~ s/\x0b/\n/g;
    push @$run, "nft -f - # table $table as it was" if feed_ok("table $table {}\ndelete table $table\n$text\n", qw(nft -f -));
  }
  my %iptables = map { join(' ', (split)[0, 1]) => 1 } @{$in->{'iptables new'}}, @{$in->{'iptables gone'}};
  for my $key (sort keys %iptables) {
    my ($save, $table) = split ' ', $key;
    my $whole = $had->('iptables-whole', $key);
    my $family = $save =~ /^ip6/ ? 'ip6' : 'ip';
    if (!defined $whole && $save =~ /-nft-/) { $do->(qw(nft delete table), $family, $table); next }
    my ($restore) = $save =~ s/-save$/-restore/r;
    my $text = defined $whole ? substr $whole, 1 + length $key : join "\x0b", "*$table", accepting($now, $key), 'COMMIT';
    $text =~ s/\x0b/\n/g;
    push @$run, "$restore -c -T $table # as it was" if feed_ok("$text\n", $restore, '-c', '-T', $table);
    next unless $save =~ /-nft-/;
    my ($chains) = map { /\x0bchains (.*)$/ ? $1 : () } $had->('iptables', $key) // '';
    my %had = map { $_ => 1 } split ' ', $chains // '';
    $do->(qw(nft delete chain), $family, $table, $_) for grep { !$had{$_} } chains_of($family, $table);
  }
}

# The chains of the kernel's own, without rules.
sub accepting {
  my ($now, $key) = @_;
  my ($text) = grep { index($_, "$key ") == 0 } @{$now->{'iptables-whole'}};
  return map { /^(:(?:PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING)) / ? "$1 ACCEPT [0:0]" : () } split /\x0b/, $text // '';
}

sub lines_ok { return feed_ok('', @_) }

# Whether the command took it.
sub feed_ok {
  my ($text, @argv) = @_;
  my $pid = open my $to, '|-';    # 0 in the child
  return 0 unless defined $pid;
  if (!$pid) {
    open STDOUT, '>', '/dev/null';
    open STDERR, '>', '/dev/null';
    { no warnings 'exec'; exec { $argv[0] } @argv }
    POSIX::_exit(127);
  }
  print $to $text;
  return close($to) ? 1 : 0;
}
1;
