#!/bin/bash
# Every linter, each to its end, so that one run shows all there is to mend.
set -u
cd -- "$(dirname -- "$0")/.." || exit
PATH=$PWD/node_modules/.bin:$PATH
failed=()

lint() {
  "$@" || failed+=("$1")
}

lint biome check --error-on-warnings .
lint tsc --noEmit
# What runs in a browser knows other names.
lint tsc --noEmit -p harness/page
lint knip

if command -v shellcheck >/dev/null; then
  # Some scripts are sourced or handed to bash by podwire and have no first line of their own: what counts is the name.
  mapfile -t scripts < <(
    find . \( -name node_modules -o -name .git -o -name out \) -prune -o -type f -print |
      while read -r file; do
        case ${file##*/} in *.sh) echo "$file" ;; *.*) ;; *) head -n 1 "$file" | grep -qE '^#!.*/(ba)?sh$' && echo "$file" ;; esac
      done
  )
  lint shellcheck "${scripts[@]}"
elif [ -n "${CI:-}" ]; then
  failed+=('shellcheck (not installed)')
else
  echo 'lint: no shellcheck here, shell scripts left out' >&2
fi

if [ ${#failed[@]} != 0 ]; then
  echo "lint: failed: ${failed[*]}" >&2
  exit 1
fi
