// Machines that cannot run a lab: exit 3 and what to do, before anything is started. Each is made of namespaces.
import {makeHome} from './tools/home.ts'
import {manyPods} from './tools/many-pods.ts'
import {readResult} from './tools/result.ts'
import {asRoot, LOCAL, onEach} from './tools/runners.ts'

/**
 * Runs a command as an ordinary user of a new user namespace, which itself allows no others: the machine's own limit stays
 * as it is. The namespace needs a root, who sets the limit, and a user; only this machine's root can map both into it.
 */
const FORBIDDEN = `
  pipe(my $asks, my $asked); pipe(my $tells, my $told);
  my ($unshare) = {x86_64 => 272, aarch64 => 97}->{(POSIX::uname())[4]};
  if (!fork) {
    my $parent = getppid;
    sysread $asks, my $go, 1;
    for my $map ('uid_map', 'gid_map') { open my $file, '>', "/proc/$parent/$map" or die; syswrite $file, "0 0 1\\n1000 65534 1\\n" or die }
    syswrite $told, '.';
    exit;
  }
  syscall($unshare, 0x10000000) == 0 or die "unshare: $!";
  syswrite $asked, '.';
  sysread $tells, my $mapped, 1;
  open my $limit, '>', '/proc/sys/user/max_user_namespaces' or die "limit: $!";
  syswrite $limit, '0' or die "limit: $!";
  $( = 1000; $) = '1000 1000'; $< = $> = 1000;
  exec @ARGV`

onEach([asRoot], 'user namespaces forbidden to an ordinary user: exit 3, why, and how to allow them', async (t, runner) => {
  await using home = makeHome(runner)
  const {code, stdout, stderr} = await home.podwire(['run', 'three-nodes', '--driver', 'local'], {
    through: ['perl', '-MPOSIX', '-e', FORBIDDEN],
    env: {NO_COLOR: '1'},
  })
  t.is(code, 3, stderr)
  t.is(stdout, '')
  t.regex(
    stderr,
    /^error\[userns-forbidden\]: this machine allows no user namespaces \(user\.max_user_namespaces is 0\)\n {3}= help: .*sudo sysctl -w user\.max_user_namespaces=/,
  )
})

onEach([asRoot], 'a neighbour table too small for the lab: exit 3 before anything is started', async (t, runner) => {
  await using home = makeHome(runner)
  home.write('crowd.ts', manyPods({node1: 60, node2: 1}))
  const {code, stdout, stderr} = await home.podwire(['run', './crowd.ts', '--driver', 'local'], {env: {NO_COLOR: '1'}})
  t.is(code, 3, stderr)
  t.is(stdout, '')
  t.regex(
    stderr,
    /^error\[neighbour-table\]: this lab needs up to 3\d{3} neighbour entries, and the kernel's table has \d+ of \d+ in use\n {3}= help: .*net\.ipv4\.neigh\.default\.gc_thresh3=\d+/,
  )
})

for (const {tool, path, needed} of [
  {tool: 'fping', path: '/usr/bin/fping', needed: false},
  {tool: 'nft', path: '/usr/sbin/nft', needed: false},
  {tool: 'perl', path: '/usr/bin/perl', needed: true},
]) {
  onEach(
    LOCAL,
    needed
      ? `a machine without ${tool}: no crash, its name is told, and nothing that it would have shown is called a pass or a fail`
      : `a machine without ${tool}: the probes do without it`,
    async (t, runner) => {
      await using home = makeHome(runner)
      const without = [
        'unshare',
        ...(runner.user ? ['--user', '--map-root-user'] : []),
        '--mount',
        '--propagation',
        'private',
        'sh',
        '-c',
        `mount --bind /dev/null ${path} && exec "$@"`,
        'sh',
      ]
      const ended = await home.podwire(['run', 'three-nodes', '--driver', 'local', '--json'], {through: without})
      if (ended.code === 3) {
        t.regex(ended.stderr, new RegExp(tool))
        return
      }
      const {verdict, checks} = readResult(ended)
      if (!needed) {
        t.deepEqual([ended.code, verdict], [0, 'pass'], ended.stderr)
        return
      }
      t.is(ended.code, 1, ended.stderr)
      t.is(verdict, 'unknown')
      const pairs = checks.flatMap((check) => check.pairs)
      t.deepEqual(
        pairs.filter((pair) => pair.verdict === 'fail'),
        [],
      )
      const unknown = pairs.filter((pair) => pair.verdict === 'unknown')
      t.true(unknown.length > 0)
      for (const {evidence} of unknown) t.regex(evidence.join(' '), new RegExp(tool))
    },
  )
}
