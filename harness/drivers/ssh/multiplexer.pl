# Many commands over one SSH session. sshd allows 10 sessions a connection (MaxSessions, sshd_config(5)); a lab may want a
# hundred. podwire runs this where the commands are to run: in a node's namespaces, or on the machine itself. multiplexer.ts
# is the other end.
#
# Frames both ways: type (1 byte), stream (32 bits), length (32 bits, network order), content. Credits are bytes that the
# other side takes: a reader who waits holds up its own stream and nothing else.
#   in    S argv, separated by NUL   D standard input   E its end   K signal number   W descriptor (1 byte), credit
#   out   1, 2 output   C descriptor that has ended   X exit code, 128 + n where signal n ended it   W credit for input
#
# The end of standard input is podwire's end, or the connection's: what was started through it, and lives, is killed.
# $ARGV[0]: the holder's folder, where there are no namespaces to end with. Then also what the commands left behind is killed,
# unless told to `L`eave it; and all of it when the holder goes: the connection may be cut without anybody hearing of it.
use strict;
use warnings;
use POSIX qw(:sys_wait_h EAGAIN EINTR ENOENT);

my $WINDOW = 262144;
my $PIECE = 65536;
my $MOST_WAITING = 1048576;
my $holder = $ARGV[0] // '';
my $reaps = $holder ne '';
my $PR_SET_CHILD_SUBREAPER = 36;
if ($reaps) {    # orphans of the commands are this process's then (prctl(2)); the call's number is the processor's
  my (undef, undef, undef, undef, $machine) = POSIX::uname();
  my $prctl = {x86_64 => 157, aarch64 => 167}->{$machine};
  syscall($prctl, $PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) if $prctl;
}
chdir '/';
umask 0022;
$SIG{PIPE} = 'IGNORE';
$SIG{HUP} = 'IGNORE';

my %streams;     # by id: pid, in, queue, ended, out => {1, 2}, credit => {1, 2}, code
my %by_pid;
my $incoming = '';
my $outgoing = '';
my $leave = 0;

pipe(my $woken, my $wake) or die "pipe: $!\n";
nonblocking($_) for $woken, $wake, \*STDIN, \*STDOUT;
$SIG{CHLD} = sub { syswrite $wake, '.' };

while (1) {
  my ($reading, $writing) = ('', '');
  vec($reading, fileno $woken, 1) = 1;
  vec($reading, fileno STDIN, 1) = 1;
  vec($writing, fileno STDOUT, 1) = 1 if length $outgoing;
  for my $stream (values %streams) {
    for my $number (1, 2) {
      my $from = $stream->{out}{$number} or next;
      vec($reading, fileno $from, 1) = 1 if $stream->{credit}{$number} > 0 && length $outgoing < $MOST_WAITING;
    }
    vec($writing, fileno $stream->{in}, 1) = 1 if $stream->{in} && length $stream->{queue};
  }
  next if select($reading, $writing, undef, $reaps ? 0.5 : undef) < 0;
  last if $reaps && !-e "$holder/node";
  if (vec($reading, fileno $woken, 1)) { sysread $woken, my $dots, 4096; collect() }
  if (vec($writing, fileno STDOUT, 1) && length $outgoing) {
    my $count = syswrite STDOUT, $outgoing, $PIECE;
    if (defined $count) { substr $outgoing, 0, $count, '' } elsif (!passing()) { last }
  }
  if (vec($reading, fileno STDIN, 1)) {
    my $count = sysread STDIN, $incoming, $PIECE * 4, length $incoming;
    if (defined $count ? $count == 0 : !passing()) { last }
    take_frames();
  }
  for my $id (keys %streams) {
    my $stream = $streams{$id} or next;
    feed($id, $stream) if $stream->{in} && length $stream->{queue} && vec($writing, fileno $stream->{in}, 1);
    for my $number (1, 2) {
      my $from = $stream->{out}{$number} or next;
      read_from($id, $stream, $number, $from) if vec($reading, fileno $from, 1);
    }
    finish($id, $stream);
  }
}
$SIG{CHLD} = 'DEFAULT';
kill_below($_->{pid}) for grep { !defined $_->{code} } values %streams;
kill_below($$, 1) if $reaps && !$leave;
exit 0;

sub passing { return $! == EAGAIN || $! == EINTR }

sub nonblocking {
  my ($handle) = @_;
  my $flags = fcntl $handle, &POSIX::F_GETFL, 0;
  fcntl $handle, &POSIX::F_SETFL, $flags | &POSIX::O_NONBLOCK;
}

sub frame {
  my ($type, $id, $content) = @_;
  $outgoing .= pack('aNN', $type, $id, length $content) . $content;
}

sub take_frames {
  my $at = 0;
  while (length($incoming) - $at >= 9) {
    my ($type, $id, $length) = unpack 'aNN', substr $incoming, $at, 9;
    last if length($incoming) - $at - 9 < $length;
    handle($type, $id, substr $incoming, $at + 9, $length);
    $at += 9 + $length;
  }
  substr $incoming, 0, $at, '';
}

sub handle {
  my ($type, $id, $content) = @_;
  return start($id, split /\0/, $content, -1) if $type eq 'S';
  if ($type eq 'L') { $leave = 1; return }
  my $stream = $streams{$id} or return;
  if ($type eq 'D') { $stream->{queue} .= $content; feed($id, $stream) }
  elsif ($type eq 'E') { $stream->{ended} = 1; feed($id, $stream) }
  elsif ($type eq 'W') { my ($number, $credit) = unpack 'CN', $content; $stream->{credit}{$number} += $credit }
  elsif ($type eq 'K') { send_signal($stream->{pid}, unpack 'C', $content) unless defined $stream->{code} }
}

sub start {
  my ($id, @argv) = @_;
  pipe(my $in_here, my $in) or return;
  pipe(my $out, my $out_there) or return;
  pipe(my $err, my $err_there) or return;
  my $pid = fork // do { frame('X', $id, 126); return };
  if (!$pid) {
    $SIG{$_} = 'DEFAULT' for qw(CHLD PIPE HUP);
    POSIX::setsid();
    POSIX::dup2(fileno $in_here, 0);
    POSIX::dup2(fileno $out_there, 1);
    POSIX::dup2(fileno $err_there, 2);
    { no warnings 'exec'; exec { $argv[0] } @argv }
    my $code = $! == ENOENT ? 127 : 126;
    print STDERR "$argv[0]: $!\n";
    POSIX::_exit($code);
  }
  nonblocking($_) for $in, $out, $err;
  $streams{$id} = {pid => $pid, in => $in, queue => '', ended => 0, out => {1 => $out, 2 => $err}, credit => {1 => $WINDOW, 2 => $WINDOW}};
  $by_pid{$pid} = $id;
  frame('W', $id, pack 'CN', 0, $WINDOW);
}

sub feed {
  my ($id, $stream) = @_;
  my $in = $stream->{in};
  if (length $stream->{queue}) {
    my $count = $in ? syswrite $in, $stream->{queue} : length $stream->{queue};
    return if !defined $count && passing();
    if (!defined $count) {    # nobody reads any more: what comes is let go
      $count = length $stream->{queue};
      close $in;
      delete $stream->{in};
    }
    substr $stream->{queue}, 0, $count, '';
    frame('W', $id, pack 'CN', 0, $count);
  }
  if ($stream->{ended} && !length $stream->{queue} && $stream->{in}) {
    close $stream->{in};
    delete $stream->{in};
  }
}

sub read_from {
  my ($id, $stream, $number, $from) = @_;
  my $most = $stream->{credit}{$number} < $PIECE ? $stream->{credit}{$number} : $PIECE;
  my $content;
  my $count = sysread $from, $content, $most;
  return if !defined $count && passing();
  if ($count) {
    $stream->{credit}{$number} -= $count;
    frame($number, $id, $content);
  } else {
    close $from;
    delete $stream->{out}{$number};
    frame('C', $id, pack 'C', $number);
  }
}

sub collect {
  while ((my $pid = waitpid -1, WNOHANG) > 0) {
    my $id = delete $by_pid{$pid} // next;
    $streams{$id}{code} = WIFEXITED($?) ? WEXITSTATUS($?) : 128 + WTERMSIG($?);
    frame('X', $id, $streams{$id}{code});
  }
}

sub finish {
  my ($id, $stream) = @_;
  delete $streams{$id} if defined $stream->{code} && !%{$stream->{out}};
}

# Stopped ones continue, to hear it.
sub send_signal {
  my ($pid, $signal) = @_;
  return kill_below($pid) if $signal == 9;
  kill $signal, -$pid;
  kill CONT => -$pid;
}

# A shell's line has a process group of its own, so the shell's group is not all.
sub kill_below {
  my ($root, $spare) = @_;
  for (1 .. 5) {    # what was just being forked is there the next time
    my %children;
    for my $path (glob '/proc/[0-9]*/stat') {
      open my $file, '<', $path or next;
      my $stat = <$file> // next;
      my ($pid) = $stat =~ /^(\d+)/;
      my ($state, $parent) = substr($stat, rindex($stat, ')') + 2) =~ /^(\S) (\d+)/ or next;
      push @{$children{$parent}}, $pid unless $state eq 'Z';
    }
    my @all = $spare ? () : ($root);
    my @next = @{$children{$root} // []};
    while (defined(my $pid = shift @next)) { push @all, $pid; push @next, @{$children{$pid} // []} }
    return unless @all;
    kill KILL => @all;
    kill KILL => map { -$_ } @all unless $spare;
    return unless $spare;
    1 while waitpid(-1, WNOHANG) > 0;
  }
}
