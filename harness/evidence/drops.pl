# Asks the kernel why it drops packets: tracepoint skb:kfree_skb (Documentation/trace/events.rst), for the packets that
# processes of one name send. One process, on podwire's own machine, in a mount namespace of its own; the tracepoints are the
# whole machine's, so it looks through an instance of its own (Documentation/trace/ftrace.rst, "Instances"), which nobody
# else's tracing notices, and removes it.
#
# Arguments: the name of the instance, the name of the processes, and how many seconds this process lives at most.
# At a line of its input it begins, and says `ready` when it looks on. At the next one, at the end of its input or of its time,
# it prints the lines of the trace and `told`; then, when the instance is gone, `bye`. Or it says `refused` and why.
# An instance of podwire's that nobody holds any more, whose holder was killed, goes with the next one.
use strict;
use warnings;
use Fcntl qw(LOCK_EX LOCK_NB);

my ($name, $comm, $seconds) = @ARGV;
my $root = '/sys/kernel/tracing';
$| = 1;
$SIG{$_} = 'IGNORE' for qw(INT TERM HUP PIPE);

sub refuse { my ($why) = @_; print "refused\t$why\n"; exit 0 }
sub set { my ($path, $value) = @_; open(my $file, '>', $path) or return 0; print $file $value; return close $file }

defined <STDIN> or exit 0;
-d "$root/instances" || -d $root && system("mount -t tracefs tracefs $root 2>/dev/null") == 0 && -d "$root/instances"
  or refuse('tracefs cannot be mounted: it takes root on this machine');
for my $old (glob "$root/instances/podwire-*") {
  open(my $held, '<', "$old/trace_clock") or next;
  next unless flock $held, LOCK_EX | LOCK_NB;
  close $held;
  rmdir $old;
}
my $own = "$root/instances/$name";
mkdir $own or refuse("no instance of tracefs can be made: $!");
open(my $lock, '<', "$own/trace_clock") or refuse("$own: $!");
flock $lock, LOCK_EX | LOCK_NB;
# Whoever sends is in the kernel until the packet has arrived or died: what is done on the way is done in its name, but for
# what a busy processor hands to ksoftirqd.
my $ours = qq(comm == "$comm" || comm ~ "ksoftirqd*");
my ($ready, $why) = (set("$own/buffer_size_kb", 256), $!);
for my $event (qw(net/net_dev_queue skb/consume_skb skb/kfree_skb)) {
  $ready &&= set("$own/events/$event/filter", $ours) && set("$own/events/$event/enable", 1);
  $why = $! unless $ready;
}
if ($ready) {
  print "ready\n";
  local $SIG{ALRM} = sub { die };
  eval { alarm $seconds; <STDIN>; alarm 0 };
  set("$own/tracing_on", 0);
  if (open my $trace, '<', "$own/trace") { while (<$trace>) { print "line\t" . tr/\t/ /r unless /^#/ } }
  print "told\n";
} else {
  print "refused\tthe kernel has no such tracepoint: $why\n";
}
set("$own/events/enable", 0);
close $lock;
rmdir $own or print "left\t$own: $!\n";
print "bye\n";
