# What podwire can change of a machine, as lines of text by section: links, addresses, routes, rules, neighbours, nft and
# iptables rules, sysctls, namespaces. Two snapshots are equal when their lines are. A line has what is needed to make the
# thing again (undo.pl); what ages or is counted by itself is left out. Needs perl-base alone. It changes nothing.
use strict;
use warnings;

# Sections that are kept for making things again, with their counters, and not compared.
our %NOT_COMPARED = map { $_ => 1 } qw(nft-whole iptables-whole);
# Left out: what counts or is random by itself, what is told by another name, what only acts when it is written.
my $VOLATILE = qr{/(?:nf_conntrack_count|tcp_fastopen_key|stable_secret|flush|dev_entries|entries|nf_log)$|/neigh/|/route/|/tcp_available|nf_log/};

# Output as lines; nothing where the command is missing or refuses.
sub lines_of {
  my @argv = @_;
  my $pid = open my $from, '-|';    # 0 in the child
  return unless defined $pid;
  if (!$pid) {
    open STDIN, '<', '/dev/null';
    open STDERR, '>', '/dev/null';
    { no warnings 'exec'; exec { $argv[0] } @argv }
    POSIX::_exit(127);
  }
  local $/ = "\n";
  my @lines = <$from>;
  close $from;
  chomp @lines;
  return @lines;
}

sub words_in { my ($line) = @_; $line =~ s/\\/ /g; return split ' ', $line }

sub read_file {
  my ($path) = @_;
  open my $file, '<', $path or return undef;
  local $/;
  my $text = <$file>;
  return undef unless defined $text;
  $text =~ s/\n+$//;
  $text =~ s/\n/\x0b/g;
  return $text;
}

sub snapshot {
  return {
    namespace => [map { m{([^/]+)$} ? "$1 " . ((stat)[1] // 0) : () } glob '/run/netns/*'],
    link => [links()],
    address => [addresses()],
    (map { ("route$_" => [routes($_)], "rule$_" => [rules($_)]) } 4, 6),
    neighbour => [neighbours()],
    tables(),
    sysctl => [sysctls('/proc/sys/net')],
  };
}

# INDEX NAME KIND up|down mtu N qlen N mac MAC arp|noarp master NAME|-
sub links {
  my %kinds = map { $_ => 1 } qw(bridge veth vxlan dummy macvlan ipvlan vlan bond tun ifb gre ipip sit vrf geneve wireguard team);
  return map {
    my ($head, @rest) = split /\\/;
    my ($index, $name, $flags) = $head =~ /^(\d+): ([^:@\s]+)[^<]*<([^>]*)>/ or ();
    my $value = sub { $_[1] =~ /\b$_[0] (\S+)/ ? $1 : '-' };
    my ($mac) = "@rest" =~ m{link/\S+ (\S+)};
    my ($kind) = grep { $kinds{$_} } map { (split ' ')[0] // '' } @rest[1 .. $#rest];
    defined $index
      ? join ' ', $index, $name, $kind // '-', ($flags =~ /\bUP\b/ ? 'up' : 'down'), 'mtu', $value->('mtu', $head), 'qlen',
      $value->('qlen', $head), 'mac', $mac // '-', ($flags =~ /NOARP/ ? 'noarp' : 'arp'), 'master', $value->('master', $head)
      : ();
  } lines_of(qw(ip -d -o link show));
}

# DEVICE FAMILY ADDRESS..., in the words of `ip address add`
sub addresses {
  my %flags = map { $_ => 1 } qw(noprefixroute home nodad autojoin mngtmpaddr);
  my %valued = map { $_ => 1 } qw(peer brd scope);
  return map {
    my ($text) = split /\\/;
    my ($index, $device, $family, $address, @rest) = split ' ', $text;
    my @kept;
    my $temporary = grep { $_ eq 'temporary' } @rest;
    while (defined(my $word = shift @rest)) {
      if ($valued{$word}) { push @kept, $word, shift @rest }
      elsif ($flags{$word}) { push @kept, $word }
      elsif (!@rest && $word ne $device && $word =~ /^\Q$device\E:/) { push @kept, 'label', $word }
    }
    $temporary || $family !~ /^inet6?$/ ? () : join ' ', $device, $family, $address, @kept;
  } lines_of(qw(ip -o addr show));
}

# All tables but the kernel's own, in the words of `ip route add`.
sub routes {
  my ($family) = @_;
  my %state = map { $_ => 1 } qw(linkdown dead offload rt_offload trap rt_trap offload_failed rt_offload_failed);
  my @found;
  for my $line (lines_of('ip', '-o', "-$family", qw(route show table all))) {
    my @words = grep { !$state{$_} } words_in($line);
    next if !@words || $words[0] =~ /^(?:local|broadcast|multicast|anycast)$/ || "@words" =~ /\btable local\b|\bproto redirect\b/;
    next if "@words" =~ /\bcache\b/;
    my $text = join ' ', @words;
    $text =~ s/ (?:expires \d+sec|error \S+|hoplimit \d+ pref)//g if $text !~ /hoplimit/;
    $text =~ s/ expires \d+sec//;
    push @found, $text;
  }
  return @found;
}

sub rules {
  my ($family) = @_;
  return map { my $line = $_; $line =~ s/\[detached\]//; join ' ', split /[\s:]+/, $line, 2 } lines_of('ip', "-$family", 'rule', 'show');
}

sub neighbours {
  my @fixed = map { my $line = join ' ', split; $line =~ s/ (?:router|extern_learn|offload|managed)\b//g; $line } lines_of(qw(ip neigh show nud permanent));
  return (@fixed, map { join ' ', split } lines_of(qw(ip neigh show proxy)));
}

# Each table's rules as one line, newlines as vertical tabs. The tables that iptables-nft made are iptables' to make again.
sub tables {
  my (@nft, @nft_whole, @iptables, @iptables_whole);
  my %theirs;
  my @saves = (['iptables-nft-save', 'ip'], ['ip6tables-nft-save', 'ip6']);
  my @tables = map { [(split ' ')[1, 2]] } lines_of(qw(nft list tables));
  for (@saves) {
    my ($save, $family) = @$_;
    for my $table (grep { $_->[0] eq $family && $_->[1] =~ /^(?:filter|nat|mangle|raw|security)$/ } @tables) {
      my @text = lines_of($save, '-c', '-t', $table->[1]);
      next if !@text || grep { /is incompatible/ } @text;
      $theirs{"@$table"} = 1;
      keep_rules($save, $table->[1], \@text, \@iptables, \@iptables_whole, chains_of(@$table));
    }
  }
  for (['/proc/net/ip_tables_names', 'iptables-legacy-save'], ['/proc/net/ip6_tables_names', 'ip6tables-legacy-save']) {
    my ($names, $save) = @$_;
    for my $table (split /\x0b/, read_file($names) // '') {
      keep_rules($save, $table, [lines_of($save, '-c', '-t', $table)], \@iptables, \@iptables_whole);
    }
  }
  for my $table (grep { !$theirs{"@$_"} } @tables) {
    push @nft, join ' ', @$table, join "\x0b", lines_of(qw(nft -s list table), @$table);
    push @nft_whole, join ' ', @$table, join "\x0b", lines_of(qw(nft list table), @$table);
  }
  return (nft => \@nft, 'nft-whole' => \@nft_whole, iptables => \@iptables, 'iptables-whole' => \@iptables_whole);
}

sub chains_of { return grep { defined } map { /^\s+chain (\S+)/ ? $1 : undef } lines_of(qw(nft list table), @_) }

# A table without rules of its own, all policies ACCEPT, is as good as none: the old iptables cannot take one back. Of nft's
# own, which chains there are counts too: iptables-save names the usual ones whether or not they are there.
sub keep_rules {
  my ($save, $table, $text, $compared, $whole, @chains) = @_;
  my @kept = grep { !/^#/ } @$text;
  push @$whole, join ' ', $save, $table, join "\x0b", @kept;
  my @plain = map { my $line = $_; $line =~ s/^\[\d+:\d+\] //; $line =~ s/ \[\d+:\d+\]$//; $line } @kept;
  return unless @chains || grep { /^-/ || (/^:/ && !/ ACCEPT$/) } @plain;
  push @$compared, join ' ', $save, $table, join "\x0b", @plain, @chains ? 'chains ' . join ' ', @chains : ();
}

# PATH VALUE of what can be read and written.
sub sysctls {
  my ($folder) = @_;
  opendir my $list, $folder or return;
  my @names = sort grep { !/^\./ } readdir $list;
  closedir $list;
  return map {
    my $path = "$folder/$_";
    if (-d $path) { sysctls($path) }
    elsif ("$path" =~ $VOLATILE || !((stat $path)[2] & 0200)) { () }
    else { my $value = read_file($path); defined $value ? "$path $value" : () }
  } @names;
}

# Lines that are in the one and not in the other, by section; addresses and rules count in their order.
sub differences {
  my ($before, $now) = @_;
  my @found;
  for my $section (sort keys %$before) {
    next if $NOT_COMPARED{$section};
    my %count;
    $count{$_}++ for @{$before->{$section}};
    $count{$_}-- for @{$now->{$section}};
    for my $line (sort keys %count) {
      push @found, [$section, $count{$line} > 0 ? 'gone' : 'new', $line] for 1 .. abs $count{$line};
    }
  }
  return @found;
}

sub text_of {
  my ($snapshot) = @_;
  return join '', map { my $section = $_; map { "$section\t$_\n" } @{$snapshot->{$section}} } sort keys %$snapshot;
}

sub snapshot_in {
  my ($text) = @_;
  my %found = map { $_ => [] } qw(namespace link address route4 route6 rule4 rule6 neighbour nft nft-whole iptables iptables-whole sysctl);
  for (split /\n/, $text) { my ($section, $line) = split /\t/, $_, 2; push @{$found{$section}}, $line }
  return \%found;
}
1;
