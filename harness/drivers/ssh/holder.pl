# Holds a node on a machine, as a process of its own that outlives the SSH connection. It is the dead man's switch: when
# podwire has not renewed the time limit, or says `end`, the machine is brought back to where it was before the first line.
#
# A node is namespaces of its own, whose process 1 reads a pipe of the holder's: however the holder ends, also by SIGKILL,
# the kernel removes them. With `bare` it is the machine itself; then what there was before the first line is in `before`,
# in the holder's folder, and undo.pl makes the difference undone.
#
# The folder has: orders (a FIFO), node (what the holder told), before, files/ (what was overwritten), report.
use strict;
use warnings;

my $NODE = <<'END';
set -eu
name=$1 address=$2 length=$3
read -r pid _ </proc/self/stat
mount -t proc proc /proc
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/netns /run/lock
mount -t sysfs sysfs /sys 2>/dev/null || :
hostname "$name"
while read -r path value; do
  [ -n "$path" ] || break
  [ ! -e "/proc/sys/$path" ] || echo "$value" >"/proc/sys/$path"
done
ip link set lo up
echo "$pid"
read -r _ # eth0 is there
ip addr add "$address/$length" dev eth0
ip link set eth0 up
while read -r peer && [ -n "$peer" ]; do echo "fdb append 00:00:00:00:00:00 dev eth0 dst $peer"; done | bridge -batch -
echo ready
exec >/dev/null 2>&1
while read -r _; do :; done
END

# Returns the folder, and what podwire wants to know of the node: lines of KEY, a tab, VALUE.
sub start_holder {
  my ($text) = @_;
  my (%spec, @peers, @sysctls);
  for (split /\n/, $text) {
    my ($key, $value) = split /\t/, $_, 2;
    if ($key eq 'peer') { push @peers, $value } elsif ($key eq 'sysctl') { push @sysctls, $value } else { $spec{$key} = $value }
  }
  my $folder = make_folder($spec{lab}, $spec{node});
  pipe(my $told, my $tell) or die "pipe: $!\n";
  my $first = fork // die "fork: $!\n";
  if (!$first) {
    exit 0 if fork;
    close $told;
    hold(\%spec, \@peers, \@sysctls, $folder, $tell);
    POSIX::_exit(0);
  }
  waitpid $first, 0;
  close $tell;
  local $/;
  my $words = <$told> // '';
  if ($words !~ s/^ready\n//) {
    remove_folder($folder);
    die $words eq '' ? "its holder ended\n" : $words;
  }
  return ($folder, $words);
}

sub make_folder {
  my ($lab, $node) = @_;
  our $ROOT;
  mkdir $ROOT, 0700;
  my ($mode, $owner) = (lstat $ROOT)[2, 4];
  die "$ROOT is not root's alone\n" unless -d _ && $owner == 0 && !($mode & 022);
  for (1 .. 20) {
    my $path = sprintf '%s/%s.%s.%06x', $ROOT, $lab, $node, int rand 0x1000000;
    next unless mkdir $path, 0700;
    POSIX::mkfifo("$path/orders", 0600) or die "$path/orders: $!\n";
    return $path;
  }
  die "$ROOT: $!\n";
}

sub remove_folder {
  my ($path) = @_;
  unlink glob("$path/files/*"), "$path/orders", "$path/node", "$path/before", "$path/report", "$path/notes";
  rmdir "$path/files";
  rmdir $path;
  our $ROOT;
  rmdir $ROOT;
}

sub hold {
  my ($spec, $peers, $sysctls, $folder, $tell) = @_;
  POSIX::setsid();
  $SIG{$_} = 'IGNORE' for qw(PIPE HUP INT);
  $0 = "podwire-holder $spec->{lab} $spec->{node}";
  open STDIN, '<', '/dev/null';
  open STDOUT, '>', '/dev/null';
  open STDERR, '>', '/dev/null';
  my $over = 0;
  $SIG{TERM} = sub { $over = 1 };
  sysopen my $orders, "$folder/orders", &POSIX::O_RDWR | &POSIX::O_NONBLOCK;
  my $before = snapshot();
  if ($spec->{bare}) {
    open my $file, '>', "$folder/before";
    print $file text_of($before);
    close $file;
  }
  my ($words, $lifeline) = eval { $spec->{bare} ? (bare_node($spec, $peers), undef) : namespaced_node($spec, $peers, $sysctls) };
  if (!defined $words) {
    my $why = $@ || "the node does not start\n";
    undo($before) if $spec->{bare};
    syswrite $tell, $why;
    POSIX::_exit(1);
  }
  $words .= "holder\t$$\n";
  open my $file, '>', "$folder/node";
  print $file $words;
  close $file;
  syswrite $tell, "ready\n$words";
  close $tell;

  my ($until, $asked) = (uptime() + $spec->{limit}, 0);
  my $heard = '';
  until ($over) {
    my $ready = '';
    vec($ready, fileno $orders, 1) = 1;
    select $ready, undef, undef, 1;
    last if defined $until && uptime() > $until;
    sysread $orders, $heard, 4096, length $heard;
    while ($heard =~ s/^([^\n]*)\n//) {
      my ($word, $rest) = split ' ', $1, 2;
      if ($word eq 'beat') { $until = uptime() + $spec->{limit} if defined $until }
      elsif ($word eq 'keep') { $until = undef }
      elsif ($word eq 'end') { $over = $asked = 1 }
    }
    # Its process 1 has gone: so has the node.
    last if $lifeline && waitpid($lifeline->{pid}, &POSIX::WNOHANG) != 0;
  }
  if ($lifeline) {
    close $lifeline->{pipe};
    waitpid $lifeline->{pid}, 0;
  } elsif (!$asked) {
    unlink "$folder/node";    # what runs for podwire on the machine itself ends first (multiplexer.pl)
    select undef, undef, undef, 1.5;
  }
  restore_files($folder);
  my ($run, $left) = undo($before);
  my $report = report_of($run, $left);
  # Nobody asked: what was brought back needs no words; what was not is for whoever looks, and `podwire clean`.
  return remove_folder($folder) if !$asked && !@$left;
  open my $out, '>', "$folder/report.new";
  print $out $report;
  close $out;
  rename "$folder/report.new", "$folder/report";
}

# What was done, and what still differs: lines of `undone` or `left`, a tab, the words.
sub report_of {
  my ($run, $left) = @_;
  return join '', (map { "undone\t$_\n" } @$run), (map { "left\t" . join(' ', @$_) . "\n" } @$left);
}

# Seconds by a clock that nobody sets.
sub uptime { return (split ' ', raw_file('/proc/uptime'))[0] }

# Process 1 of namespaces of its own, with eth0 on the underlay. The underlay's own socket stays in the machine's namespace.
sub namespaced_node {
  my ($spec, $peers, $sysctls) = @_;
  pipe(my $in, my $pipe) or die "pipe: $!\n";
  pipe(my $told, my $tell) or die "pipe: $!\n";
  pipe(my $complaints, my $complain) or die "pipe: $!\n";
  my $pid = fork // die "fork: $!\n";
  if (!$pid) {
    $SIG{$_} = 'DEFAULT' for qw(PIPE HUP INT TERM);
    POSIX::dup2(fileno $in, 0);
    POSIX::dup2(fileno $tell, 1);
    POSIX::dup2(fileno $complain, 2);
    my @unshare = qw(unshare --pid --fork --kill-child --net --mount --uts --propagation private);
    { no warnings 'exec'; exec @unshare, 'bash', '-c', $NODE, 'node', @$spec{qw(node address length)} }
    POSIX::_exit(127);
  }
  close $_ for $in, $tell, $complain;
  my $failed = sub {
    close $pipe;
    waitpid $pid, 0;
    local $/;
    my $words = <$complaints> // '';
    die "$_[0]$words";
  };
  syswrite $pipe, join('', map { "$_\n" } @$sysctls) . "\n";
  my $inside = <$told> // $failed->('namespaces do not start: ');
  chomp $inside;
  my $refusal = underlay_refusal($spec, ['netns', $inside], 'eth0');
  $failed->($refusal) if defined $refusal;
  syswrite $pipe, "go\n" . join('', map { "$_\n" } @$peers) . "\n";
  (<$told> // '') eq "ready\n" or $failed->('the node cannot be wired to its underlay: ');
  my $stat = read_file("/proc/$inside/stat") // '';
  my $started = (split ' ', substr $stat, rindex($stat, ')') + 2)[19];
  return ("pid\t$inside\nstarted\t$started\n", {pid => $pid, pipe => $pipe});
}

# The machine itself; on an underlay of its own, unless it has the node's address already.
sub bare_node {
  my ($spec, $peers) = @_;
  return "pid\t0\n" if $spec->{underlay} eq 'own';
  my $refusal = underlay_refusal($spec, [], 'podwire0');
  die $refusal if defined $refusal;
  for (["ip addr add $spec->{address}/$spec->{length} dev podwire0"], ['ip link set podwire0 up'], map { ["bridge fdb append 00:00:00:00:00:00 dev podwire0 dst $_"] } @$peers) {
    lines_ok(split ' ', $_->[0]) or die "refused: $_->[0]\n";
  }
  return "pid\t0\n";
}

# Makes the underlay's device, in another namespace at once: nothing passes through the machine's own. Undefined when it took it.
sub underlay_refusal {
  my ($spec, $where, $name) = @_;
  my @line =
    $spec->{underlay} eq 'macvlan'
    ? ('ip', 'link', 'add', 'link', $spec->{device}, 'name', $name, @$where, 'type', 'macvlan', 'mode', 'bridge')
    : ('ip', 'link', 'add', 'name', $name, @$where, 'mtu', $spec->{mtu}, 'type', 'vxlan', 'id', $spec->{vni}, 'dstport', $spec->{port}, 'local', $spec->{local});
  my $complaint = join ' ', complaints_of(@line);
  return $complaint eq '' ? undef : "refused: @line: $complaint\n";
}

# What a command says on standard error when it refuses; nothing when it takes it.
sub complaints_of {
  my @argv = @_;
  pipe(my $from, my $to) or return "pipe: $!";
  my $pid = fork // return "fork: $!";
  if (!$pid) {
    POSIX::dup2(fileno $to, 2);
    { no warnings 'exec'; exec { $argv[0] } @argv }
    POSIX::_exit(127);
  }
  close $to;
  my @lines = <$from>;
  waitpid $pid, 0;
  chomp @lines;
  return $? == 0 ? () : (@lines ? @lines : "exit " . ($? >> 8));
}

# A file is about to be written: what was there is kept, or that nothing was.
sub note_file {
  my ($path) = @_;
  our $folder;
  mkdir "$folder/files", 0700;
  open my $notes, '>>', "$folder/notes" or die "$folder/notes: $!\n";
  my $number = -s "$folder/notes" || 0;
  if (-e $path) {
    my $content = raw_file($path);
    open my $copy, '>', "$folder/files/$number" or die "$!\n";
    print $copy $content;
    close $copy;
    printf $notes "%s %o %s\n", $number, (stat $path)[2] & 07777, $path;
  } else {
    my @made;
    for (my $above = $path; $above =~ s{/[^/]+$}{} && $above ne '' && !-e $above;) { push @made, $above }
    print $notes join(' ', 'none', 0, $path) . "\n";
    print $notes "folder 0 $_\n" for @made;
  }
  close $notes;
}

sub restore_files {
  my ($folder) = @_;
  open my $notes, '<', "$folder/notes" or return;
  for (reverse <$notes>) {
    chomp;
    my ($what, $mode, $path) = split / /, $_, 3;
    if ($what eq 'none') { unlink $path }
    elsif ($what eq 'folder') { }
    else {
      open my $file, '>', $path or next;
      print $file raw_file("$folder/files/$what");
      close $file;
      chmod oct $mode, $path;
    }
  }
  seek $notes, 0, 0;
  for (<$notes>) { chomp; rmdir $1 if /^folder 0 (.*)/ }
}

sub raw_file {
  my ($path) = @_;
  open my $file, '<', $path or return '';
  local $/;
  return <$file> // '';
}
1;
