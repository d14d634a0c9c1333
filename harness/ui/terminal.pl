# A terminal for a shell that is not podwire's own: perl -e THIS -- ROWS COLUMNS ARGV..., on the shell's machine. It makes a
# pseudoterminal (pty(7)), runs ARGV on it in a session of its own, and passes on what is typed and shown.
#
# Standard input is frames: a letter, a length (16 bits, network order), so many bytes: `i` what is typed, `s` the terminal's
# new size, rows and columns (16 bits each). Standard output is what the terminal shows. Neither waits for the other: Ctrl-C
# comes through however much is shown. When standard input ends, everything on the terminal is ended, however podwire went.
# Ends with ARGV's exit code, or 128 + n where signal n ended it.
use strict;
use warnings;
use Errno qw(EAGAIN EINTR ENOENT);
use Fcntl qw(F_GETFL F_SETFL O_NOCTTY O_NONBLOCK O_RDWR);
use POSIX qw(:sys_wait_h setsid);

# asm-generic/ioctls.h
use constant {TIOCSCTTY => 0x540e, TIOCSWINSZ => 0x5414, TIOCSPTLCK => 0x40045431, TIOCGPTPEER => 0x5441, MOST => 65536};

my ($rows, $columns, @argv) = @ARGV;
sysopen my $terminal, '/dev/ptmx', O_RDWR | O_NOCTTY or die "/dev/ptmx: $!\n";
ioctl $terminal, TIOCSPTLCK, my $unlocked = pack 'i', 0 or die "the terminal cannot be unlocked: $!\n";
my $peer = ioctl $terminal, TIOCGPTPEER, O_RDWR | O_NOCTTY or die "the terminal has no other side: $!\n";
open my $slave, '+<&=', $peer or die "the terminal cannot be opened: $!\n";
resize($rows, $columns);

$SIG{PIPE} = 'IGNORE';
$SIG{CHLD} = sub { }; # select(2) returns
my $shell = fork // die "fork: $!\n";
if (!$shell) {
  # As at a login, whatever was ignored by those who started this: the shell's children would ignore Ctrl-C as well.
  $SIG{$_} = 'DEFAULT' for qw(HUP INT QUIT PIPE ALRM TERM CHLD TSTP TTIN TTOU USR1 USR2 WINCH);
  setsid();
  ioctl $slave, TIOCSCTTY, 0;
  POSIX::dup2($peer, $_) for 0 .. 2;
  close $_ for $slave, $terminal;
  { no warnings 'exec'; exec { $argv[0] } @argv }
  my $code = $! == ENOENT ? 127 : 126;
  print STDERR "$argv[0]: $!\n";
  POSIX::_exit($code);
}
close $slave;
fcntl $_, F_SETFL, fcntl($_, F_GETFL, 0) | O_NONBLOCK for $terminal, *STDOUT;

sub resize { ioctl $terminal, TIOCSWINSZ, my $size = pack 'S4', $_[0], $_[1], 0, 0 }

my ($frames, $typed, $shown, $ended, $status) = ('', '', '', 0, undef);
until ($ended) {
  $status = $? if !defined $status && waitpid($shell, WNOHANG) == $shell;
  my ($reads, $writes) = ('', '');
  vec($reads, fileno STDIN, 1) = length $typed < MOST;
  vec($reads, fileno $terminal, 1) = length $shown < MOST;
  vec($writes, fileno $terminal, 1) = $typed ne '';
  vec($writes, fileno STDOUT, 1) = $shown ne '';
  # When the shell has ended, what it said last is shown; what it left running is no reason to stay.
  my $ready = select $reads, $writes, undef, defined $status ? 0.05 : 1;
  next if $ready < 0;
  last if $ready == 0 && defined $status;
  if (vec $reads, fileno STDIN, 1) {
    my $count = sysread STDIN, $frames, MOST, length $frames;
    last if defined $count && $count == 0;
    while (length $frames >= 3) {
      my ($kind, $length) = unpack 'a n', $frames;
      last if length $frames < 3 + $length;
      my $content = substr $frames, 3, $length;
      substr $frames, 0, 3 + $length, '';
      if ($kind eq 's') { resize(unpack 'n n', $content) } else { $typed .= $content }
    }
  }
  if (vec $reads, fileno $terminal, 1) {
    my $count = sysread $terminal, $shown, MOST, length $shown;
    # EIO: nobody has the other side open any more.
    $ended = 1 if defined $count ? $count == 0 : $! != EAGAIN && $! != EINTR;
  }
  if (vec $writes, fileno $terminal, 1) { my $count = syswrite $terminal, $typed; substr $typed, 0, $count, '' if $count }
  if (vec $writes, fileno STDOUT, 1) { my $count = syswrite STDOUT, $shown; defined $count ? substr($shown, 0, $count, '') : $! == EAGAIN || last }
}
fcntl STDOUT, F_SETFL, fcntl(STDOUT, F_GETFL, 0) & ~O_NONBLOCK;
syswrite STDOUT, $shown if $ended && $shown ne '';
close $terminal; # a hangup for all on it, as when a line is cut (SIGHUP, setsid(2))
for my $signal ('HUP', 'CONT', 'KILL') {
  for my $pid (map { m{^/proc/(\d+)/stat$} ? $1 : () } glob '/proc/[0-9]*/stat') {
    open my $stat, '<', "/proc/$pid/stat" or next;
    kill $signal, $pid if (<$stat> // '') =~ /.*\) \S \d+ \d+ (\d+)/s && $1 == $shell;
  }
  select undef, undef, undef, 0.1 if $signal eq 'CONT';
}
waitpid $shell, 0 unless defined $status;
$status //= $?;
exit(WIFEXITED($status) ? WEXITSTATUS($status) : 128 + WTERMSIG($status));
