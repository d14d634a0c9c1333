# Tells what changes in the kernels' state of one machine, and in every network namespace of its /run/netns, as it changes:
# one process a machine, started by podwire there. In each namespace it runs `ip monitor`, `nft monitor` and `tc monitor`
# (ip-monitor(8), nft(8), tc(8)) and passes on what they say; inotify(7) tells of namespaces that come and go. It changes nothing.
#
# A process in a namespace keeps the namespace alive (network_namespaces(7)): the monitors of one whose name is removed are
# ended at once, or `ip netns del` would not take its devices away. All of them end with this process (PR_SET_PDEATHSIG,
# prctl(2)), and it ends with its standard input.
#
# It prints rows of tab-separated fields; the machine's own namespace is `-`:
#   at      namespace                   its monitors are started
#   gone    namespace
#   said    namespace  tool  line       what a monitor printed
#   more    namespace  tool  lines      and so many more at that moment, which are not passed on
#   ended   namespace  tool  why        a monitor ended; it is started again, unless it ended at once
#   lacks   namespace  tool  why        it cannot be run, or ends whenever it is started: nothing is heard from it any more
# After the first namespaces it says `watching`.
use strict;
use warnings;
use Config;
use Errno qw(EAGAIN EINTR ENOENT);
use Fcntl qw(F_GETFL F_SETFL O_NONBLOCK);
use POSIX qw(WNOHANG);

# sched.h, prctl.h, inotify.h
use constant {CLONE_NEWNET => 0x40000000, PR_SET_PDEATHSIG => 1, SIGKILL => 9, IN_CHANGED => 0x40 | 0x80 | 0x100 | 0x200};
my ($processor) = $Config{archname} =~ /^(\w+)/;
my $call = {
  x86_64 => {setns => 308, prctl => 157, inotify_init1 => 294, inotify_add_watch => 254},
  aarch64 => {setns => 268, prctl => 167, inotify_init1 => 26, inotify_add_watch => 27},
}->{$processor} or die "the system calls of $processor are not known\n";

my $FOLDER = '/run/netns';
my @TOOLS = (
  ['ip', 'ip', '-o', 'monitor', 'label', 'link', 'address', 'route', 'neigh', 'rule', 'netconf', 'nsid'],
  ['nft', 'nft', 'monitor'],
  ['tc', 'tc', 'monitor'],
);
# Lines of one monitor that are passed on at once; seconds between the end of a monitor and the next one, and in which one
# that cannot stay ends; seconds between two looks for what inotify does not tell.
use constant {MOST => 20, AGAIN => 1, EARLY => 1, RETRY => 0.01, SLOWLY => 1};

$SIG{PIPE} = 'DEFAULT';
# Handled, so that select(2) returns.
$SIG{CHLD} = sub { };
sub row { my $line = join("\t", @_) . "\n"; while ($line ne '') { my $count = syswrite(STDOUT, $line) // exit 1; substr($line, 0, $count, '') } }
my $ticks = POSIX::sysconf(POSIX::_SC_CLK_TCK());
sub now { return (POSIX::times())[0] / $ticks }

open(my $own, '<', '/proc/self/ns/net') or die "cannot open my own namespace: $!\n";
# By name: the namespace's inode, and its monitors. By process ID: a monitor.
my (%spaces, %monitors, @waiting);

sub start {
  my ($space, $tool) = @_;
  my ($name, @argv) = @$tool;
  pipe(my $read, my $write) or return row('lacks', $space->{name}, $name, "pipe: $!");
  my $parent = $$;
  my $pid = fork // return row('lacks', $space->{name}, $name, "fork: $!");
  if (!$pid) {
    syscall $call->{prctl}, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0;
    POSIX::_exit(1) if getppid() != $parent;
    open STDIN, '<', '/dev/null';
    open STDOUT, '>&', $write;
    open STDERR, '>&', $write;
    { no warnings 'exec'; exec { $argv[0] } @argv }
    my $code = $! == ENOENT ? 127 : 126;
    print STDERR "$argv[0]: $!\n";
    POSIX::_exit($code);
  }
  close $write;
  fcntl $read, F_SETFL, fcntl($read, F_GETFL, 0) | O_NONBLOCK;
  $space->{pids}{$pid} = $monitors{$pid} = {space => $space, tool => $tool, read => $read, rest => '', since => now(), last => ''};
}

# In the namespace, where it can be entered: of one that is just being made there is the name first.
sub begin {
  my ($space, @tools) = @_;
  my $inside = $space->{name} eq '-' ? $own : undef;
  $inside || open($inside, '<', "$FOLDER/$space->{name}") or return 0;
  syscall($call->{setns}, fileno $inside, CLONE_NEWNET) == 0 or return 0;
  start($space, $_) for @tools;
  syscall($call->{setns}, fileno $own, CLONE_NEWNET) == 0 or die "cannot go back to my own namespace: $!\n";
  return 1;
}

sub drop {
  my ($space) = @_;
  for my $pid (keys %{$space->{pids}}) { delete $monitors{$pid}; kill 'KILL', $pid }
  delete $spaces{$space->{name}};
  row('gone', $space->{name});
}

# Holds what is in the folder against what is watched. True when something there cannot be entered yet.
sub look {
  my $again = 0;
  my %found = ('-' => 0);
  if (opendir my $names, $FOLDER) { for (readdir $names) { next if /^\./; my $inode = (stat "$FOLDER/$_")[1]; $found{$_} = $inode if defined $inode } }
  for my $name (keys %spaces) { drop($spaces{$name}) unless defined $found{$name} && $found{$name} == $spaces{$name}{inode} }
  for my $name (sort keys %found) {
    next if $spaces{$name};
    my $space = {name => $name, inode => $found{$name}, pids => {}};
    if (begin($space, @TOOLS)) { $spaces{$name} = $space; row('at', $name) } else { $again = 1 }
  }
  return $again;
}

# What a monitor has said by now. False when it has nothing more to say, ever.
sub hear {
  my ($monitor) = @_;
  my $count = sysread $monitor->{read}, $monitor->{rest}, 65536, length $monitor->{rest};
  return $! == EAGAIN || $! == EINTR unless defined $count;
  return 0 if $count == 0;
  my $whole = 1 + rindex $monitor->{rest}, "\n";
  return 1 unless $whole;
  my @lines = split /\n/, substr $monitor->{rest}, 0, $whole, '';
  $monitor->{last} = $lines[-1];
  # Packets that somebody has traced, podwire's own diagnosis for one, are no change.
  @lines = grep { !/^trace id / } @lines if $monitor->{tool}[0] eq 'nft';
  my ($name, $tool) = ($monitor->{space}{name}, $monitor->{tool}[0]);
  my $left = @lines - MOST;
  row('said', $name, $tool, tr/\t/ /r) for splice @lines, 0, MOST;
  row('more', $name, $tool, $left) if $left > 0;
  return 1;
}

sub collect {
  while ((my $pid = waitpid -1, WNOHANG) > 0) {
    my ($status, $monitor) = ($?, delete $monitors{$pid});
    next unless $monitor; # its namespace went first
    1 while hear($monitor) && $! != EAGAIN;
    delete $monitor->{space}{pids}{$pid};
    my $why = $status & 127 ? 'signal ' . ($status & 127) : 'exit ' . ($status >> 8);
    $why .= ": $monitor->{last}" if $monitor->{last} ne '' && !($status & 127);
    my $stays = now() - $monitor->{since} >= EARLY;
    row($stays ? 'ended' : 'lacks', $monitor->{space}{name}, $monitor->{tool}[0], $why);
    push @waiting, {at => now() + AGAIN, space => $monitor->{space}, tool => $monitor->{tool}} if $stays;
  }
}

# inotify_init1(IN_NONBLOCK | IN_CLOEXEC)
my $changes;
my $descriptor = syscall $call->{inotify_init1}, 02000000 | 04000;
open $changes, '<&=', $descriptor if $descriptor >= 0;
my $told = 0;
sub follow { $told ||= $changes && syscall($call->{inotify_add_watch}, $descriptor, "$FOLDER\0", IN_CHANGED) >= 0 }

follow();
my $again = look();
row('watching');
while (1) {
  my $ready = '';
  vec($ready, fileno STDIN, 1) = 1;
  vec($ready, $descriptor, 1) = 1 if $told;
  vec($ready, fileno $_->{read}, 1) = 1 for values %monitors;
  $ready = '' if select($ready, undef, undef, $again ? RETRY : SLOWLY) < 0; # a monitor has ended
  last if vec($ready, fileno STDIN, 1) && !sysread STDIN, my $orders, 4096;
  # First what is gone: its monitors hold it.
  my $moved = $told && vec($ready, $descriptor, 1) && sysread $changes, my $events, 65536;
  $again = look() if $moved || $again || (!$told && follow()) || !$told;
  for my $monitor (values %monitors) { hear($monitor) if vec $ready, fileno $monitor->{read}, 1 }
  collect();
  for my $due (grep { $_->{at} <= now() } @waiting) {
    begin($due->{space}, $due->{tool}) if ($spaces{$due->{space}{name}} // 0) == $due->{space};
  }
  @waiting = grep { $_->{at} > now() } @waiting;
}
kill 'KILL', keys %monitors;
