# podwire's hand on a machine, as root there: it starts what holds a node (holder.pl), renews its time limit, and ends it.
# Requests on standard input: WORD LENGTH, a newline, LENGTH bytes. Answers the same way, with `ok` or `no` for the word.
#   about             what the machine is and has              start LINES       starts a node: holder.pl
#   attach FOLDER     the node that is held there              beat, keep        the time limit
#   file PATH         a file is about to be written            end               undoes it all, and says what was done
#   facts             a snapshot
# $ARGV[0]: the commands that nodes need. $ARGV[1]: SSH_CONNECTION, which sudo does not hand on.
use strict;
use warnings;
use POSIX ();

our $ROOT = '/run/podwire-ssh';
my ($tools, $connection) = (@ARGV, '', '');
our $folder;
chdir '/';
umask 0022;
$| = 1;
$SIG{PIPE} = 'IGNORE';

my %answers = (
  about => \&about,
  facts => sub { return text_of(snapshot()) },
  start => sub { my ($text) = @_; ($folder, my $words) = start_holder($text); return "folder\t$folder\n$words" },
  attach => sub { my ($path) = @_; $folder = $path; return held($path) },
  beat => sub { order('beat'); return '' },
  keep => sub { order('keep'); return '' },
  file => sub { my ($path) = @_; note_file($path); return '' },
  end => \&end_holder,
);

print "podwire\n";
while (defined(my $head = <STDIN>)) {
  my ($word, $length) = split ' ', $head;
  my $content = '';
  while (length $content < $length) { read(STDIN, $content, $length - length $content, length $content) or exit 0 }
  my $answer = eval { ($answers{$word} // die "no such word: $word\n")->($content) };
  my ($how, $text) = defined $answer ? ('ok', $answer) : ('no', $@ || "nothing came of $word\n");
  print "$how " . length($text) . "\n$text";
}

# KEY, a tab, VALUE.
sub about {
  my ($client, undef, $server, $port) = split ' ', $connection;
  my %facts = (
    connection => $connection,
    boot => read_file('/proc/sys/kernel/random/boot_id') // '',
    netns => readlink('/proc/self/ns/net') // '',
    addresses => join(' ', map { / inet6? (\S+).* scope global/ ? $1 : () } lines_of(qw(ip -o addr show))),
    hooks => hooks(),
    kernel => join(' ', (POSIX::uname())[0, 2, 4]),
    missing => join(' ', grep { my $tool = $_; !(m{/} ? -x : grep { -x "$_/$tool" } split /:/, $ENV{PATH}) } split ' ', $tools // ''),
  );
  if (defined $server) {
    my ($route) = lines_of(qw(ip -o route get), $client, 'from', $server);
    ($route) = lines_of(qw(ip -o route get), $client) unless $route;
    my ($device) = ($route // '') =~ /\bdev (\S+)/;
    my ($holder) = grep { m{ (?:inet6?) \Q$server\E/} } lines_of(qw(ip -o addr show));
    ($device) = $holder =~ /^\d+: (\S+)/ if $holder;
    %facts = (%facts, client => $client, server => $server, port => $port, device => $device // '', mtu => read_file("/sys/class/net/$device/mtu") // '', devices => join(' ', $device, below($device)), route => join(' ', split ' ', (lines_of(qw(ip -o route get fibmatch), $client))[0] // '')) if defined $device;
  }
  return join '', map { "$_\t$facts{$_}\n" } sort keys %facts;
}

# Devices that a device is made of: a bridge's ports, a VLAN's parent.
sub below {
  my ($device) = @_;
  return map { my ($name) = m{/lower_([^/]+)$}; ($name, below($name)) } glob "/sys/class/net/$device/lower_*";
}

# FAMILY TABLE CHAIN=HOOK, joined by commas.
sub hooks {
  my ($table, $chain, @found);
  for (lines_of(qw(nft list ruleset))) {
    if (/^table (\S+ \S+) /) { $table = $1 }
    elsif (/^\s+chain (\S+) /) { $chain = $1 }
    elsif (/\bhook (\S+)/ && defined $chain) { push @found, "$table $chain=$1" }
  }
  return join ',', @found;
}

# Never waits: without a reader nobody holds the node any more.
sub order {
  my ($words) = @_;
  die "nothing is held\n" unless defined $folder;
  sysopen my $to, "$folder/orders", &POSIX::O_WRONLY | &POSIX::O_NONBLOCK or die "its holder is gone\n";
  syswrite $to, "$words\n";
  close $to;
}

sub held {
  my ($path) = @_;
  die "no folder of podwire's: $path\n" unless $path =~ m{^\Q$ROOT\E/[\w.-]+$};
  order('beat');
  return read_file("$path/node") =~ s/\x0b/\n/gr . "\n";
}

# The holder writes its report, and then goes.
sub end_holder {
  if (!eval { order('end'); 1 }) {
    die $@ unless -e "$folder/before";    # its holder was killed: what it kept is undone from here
    restore_files($folder);
    my $report = report_of(undo(snapshot_in(raw_file("$folder/before"))));
    remove_folder($folder);
    return $report;
  }
  for (1 .. 1200) {
    select undef, undef, undef, 0.02;
    next unless -e "$folder/report";
    my $report = read_file("$folder/report") // '';
    remove_folder($folder);
    return $report =~ s/\x0b/\n/gr . "\n";
  }
  die "its holder does not end\n";
}
