# Runs a command of the user's own on podwire's standard streams, as a shell runs a job: perl -e THIS -- ARGV...
#
# nsenter becomes this process. nsenter's own waiting does not do: it ends at Ctrl-C while the command lives on, and stops
# for good with a command that stops itself. This process is outside the node's PID namespace; what it forks is inside.
#
# The command gets a process group of its own, and the terminal where podwire has it. Descriptor 3 is podwire's: a line is
# a signal for the group, its end is podwire's end. Ends with the command's exit code, or 128 + n where signal n ended it.
use strict;
use warnings;
use POSIX qw(:sys_wait_h ENOENT);

my $CONTROL = 3;
my $job = getpgrp;
my $terminal;
open $terminal, '+<', '/dev/tty' or undef $terminal;

# Handled and not ignored: the command would inherit that. podwire passes on what is meant for the command.
$SIG{$_} = sub { } for qw(INT QUIT TERM HUP CHLD);

pipe my $placed, my $place or die "pipe: $!\n";
my $child = fork // die "fork: $!\n";
if (!$child) {
  close $place;
  POSIX::close($CONTROL);
  sysread $placed, my $go, 1;    # until it has its group and the terminal
  { no warnings 'exec'; exec { $ARGV[0] } @ARGV }
  my $code = $! == ENOENT ? 127 : 126;
  print STDERR "$ARGV[0]: $!\n";
  POSIX::_exit($code);
}
setpgrp $child, $child;
$SIG{TTOU} = 'IGNORE';           # the terminal can be taken back from behind
my $resumed = 0;
$SIG{CONT} = sub { $resumed = 1 };
my $given = 0;
give();
close $placed;
close $place;

my $listening = 1;
while (1) {
  if (waitpid($child, WNOHANG | WUNTRACED) == $child) {
    last unless kill 0 => $child;    # perl's status does not tell stopped from ended: what has ended is collected, and gone
    stop();
  }
  if ($resumed) { $resumed = 0; give(); kill CONT => -$child }
  my $ready = '';
  vec($ready, $CONTROL, 1) = $listening;
  # A signal wakes it; the limit is for one that came just before.
  next unless select($ready, undef, undef, 0.2) > 0;
  my $got = POSIX::read($CONTROL, my $words, 256) // next;
  if ($got == 0) { kill KILL => -$child; $listening = 0; next }
  for my $signal (split ' ', $words) {
    kill $signal, -$child;
    kill CONT => -$child;        # one that has stopped would not hear it
  }
}
take();
exit(WIFEXITED($?) ? WEXITSTATUS($?) : 128 + WTERMSIG($?));

# Ctrl-C and Ctrl-Z are the command's, as far as they were podwire's.
sub give {
  return unless $terminal && (POSIX::tcgetpgrp(fileno $terminal) // -1) == $job;
  $given = POSIX::tcsetpgrp(fileno $terminal, $child);
}

sub take {
  POSIX::tcsetpgrp(fileno $terminal, $job) if $given;
  $given = 0;
}

# Ctrl-Z: the whole job stops, and the shell that podwire was called from has the terminal, until `fg`. Without a terminal
# there is nobody to continue it but who stopped it.
sub stop {
  return unless $given;
  take();
  kill TSTP => 0;
  $resumed = 1;
}
