# Runs tcpdump where nobody may set groups: perl -e THIS ARGV...
#
# As root tcpdump becomes the user that -Z names, groups first, and ends when it cannot. In an ordinary user's namespace there
# is no other user, and the kernel lets nobody set groups (user_namespaces(7), /proc/PID/setgroups). Becoming root is what it
# is already: the one call that is refused is told to have succeeded (seccomp(2)), and nothing else is changed.
use strict;
use warnings;
use Errno;
use POSIX ();

# setgroups and prctl
my ($setgroups, $prctl) = @{{x86_64 => [116, 157], aarch64 => [159, 167]}->{(POSIX::uname())[4]} or die "not on this machine\n"};
my ($SET_SECCOMP, $FILTER) = (22, 2);
my ($LOAD, $EQUALS, $RETURN) = (0x20, 0x15, 0x06);
my ($SUCCEED, $ALLOW) = (0x00050000, 0x7fff0000);

my $program = pack('SCCL' x 4, $LOAD, 0, 0, 0, $EQUALS, 0, 1, $setgroups, $RETURN, 0, 0, $SUCCEED, $RETURN, 0, 0, $ALLOW);
my $description = pack 'S x6 P', 4, $program;
syscall($prctl, $SET_SECCOMP, $FILTER, $description, 0, 0) == 0 or die "seccomp: $!\n";
{ no warnings; exec {$ARGV[0]} @ARGV }
exit($!{ENOENT} ? 127 : 126);
