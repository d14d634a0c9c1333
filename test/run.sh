#!/bin/bash
# `make test`: an engine if none answers, lint, every test. What was started is stopped, however this ends, and the last
# line counts the tests.
#
# In CI, on machines that others use too, at most three files with failed tests run once more, alone. What passes then is named
# as unsteady, with how it failed above; what fails then has failed.
#
#   test/run.sh [AVA ARGUMENTS: files or titles to run]
set -u
cd -- "$(dirname -- "$0")/.." || exit

# Started by npm, we have node_modules/.bin in PATH, where an npm package keeps an `nft` of another kind.
PATH=$(tr : '\n' <<<"$PATH" | grep -v '/node_modules/\.bin$' | paste -sd :):/usr/local/sbin:/usr/sbin:/sbin
count=$(mktemp)
again=$(mktemp)
engine=
part=

# Each part has a process group of its own: Ctrl-C then reaches this script alone, which ends the part and tidies up.
run() {
  set -m
  "$@" </dev/null &
  part=$!
  set +m
  wait "$part"
  local code=$?
  part=
  return "$code"
}

finish() {
  local code=$?
  trap '' INT TERM HUP
  if [ -n "$part" ]; then
    kill -TERM -- "-$part" 2>/dev/null
    for _ in {1..50}; do
      kill -0 -- "-$part" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL -- "-$part" 2>/dev/null
  fi
  [ -z "$engine" ] || fixtures/engine/engine.sh stop >&2
  [ ! -s "$count" ] || cat "$count"
  rm -f "$count" "$again"
  exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# Whether what failed passes alone; then it is counted so.
passes_again() {
  local passed failed first files
  [ "${CI:-}" = true ] && mapfile -t files <"$again" && [ ${#files[@]} -gt 0 ] && [ ${#files[@]} -le 3 ] || return 1
  first=$(cat "$count")
  read -r passed _ failed _ <<<"$first"
  echo "make test: once more, alone: ${files[*]}" >&2
  if ava --concurrency=1 "${files[@]}"; then
    printf 'make test: unsteady: %s\n' "${files[@]}" >&2
    echo "${first/"$passed passed, $failed"/"$((passed + failed)) passed, 0"}" >"$count"
    return
  fi
  echo "$first" >"$count"
  return 1
}

if ! fixtures/engine/engine.sh status >/dev/null; then
  # Set beforehand: an engine that is only half started when Ctrl-C comes is stopped too. Where none can be started, the
  # docker driver's tests are skipped and named, except in CI; where a system's own engine answers, none was.
  engine=ours
  run fixtures/engine/engine.sh start >&2
  fixtures/engine/engine.sh status >/dev/null || engine=
fi

failed=
run test/lint.sh || failed=lint

# In CI a driver that this machine cannot run is a failure, not a skipped test.
[ "${CI:-}" != true ] || export PODWIRE_REQUIRE_DRIVERS=local,docker,ssh
export PODWIRE_TEST_COUNT=$count
ava() { run node_modules/.bin/node node_modules/ava/entrypoints/cli.js "$@"; }
if ! PODWIRE_TEST_FAILED=$again ava "$@" && ! passes_again; then failed="$failed${failed:+, }tests"; fi
[ -s "$count" ] || echo '0 passed, 0 failed' >"$count"

if [ -z "$failed" ] && ! grep -q '^[1-9]' "$count"; then
  failed='no test ran'
fi
[ -z "$failed" ] || { echo "make test: failed: $failed" >&2; exit 1; }
