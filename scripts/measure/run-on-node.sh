#!/usr/bin/env bash
# scripts/measure/run-on-node.sh DIRECTORY COMMAND [ARG...]: in a sandbox, lets install.sh install Node and DIRECTORY/bundle in
# place of the compiled programs, then runs COMMAND. Each process writes into DIRECTORY/raw what it ran.
#
# Mounts of the sandbox alone: outside neither dist/ nor bin/ is another one. The path of the running program is that of the installed
# binary, since the program and its tests look at it.
set -euo pipefail

[[ -e /run/userdocker-sandbox ]] || { echo "run-on-node: only in scripts/sandbox.sh" >&2 && exit 77; }
readonly installed=/usr/local/lib/userdocker-coverage

# The source tree may lie where users can't go.
mkdir -p "$installed"/{bundle,raw} dist
mount --bind "$1/bundle" "$installed/bundle"
mount --bind "$1/raw" "$installed/raw"
# The scripts are modules, whatever lies above them.
echo '{"type": "module"}' >"$installed/package.json"
shift

mount -t tmpfs -o mode=755 dist dist
cp "$(node --print process.execPath)" dist/userdocker
cp dist/userdocker dist/userdocker-admin

# launcher NAME SCRIPT
launcher() {
  local program=/usr/local/lib/userdocker/$1
  sed "s|^  $program |  NODE_V8_COVERAGE=$installed/raw $program $installed/$1.mjs |" \
    "bin/$1" >"dist/$1.launcher"
  ! cmp --silent "bin/$1" "dist/$1.launcher" || { echo "run-on-node: bin/$1 has another last line" >&2 && exit 70; }
  mount --bind "dist/$1.launcher" "bin/$1"
  # As on Node 20, whichever Node this is: what was run is written when the process ends, and is lost where it becomes another one.
  # No option of Node's for that: --require reads the package.json of the directory in which a user calls, and that is the user's.
  printf "import process from 'node:process';\nprocess.execve = undefined;\nawait import('./bundle/%s');\n" "$2" >"$installed/$1.mjs"
}
launcher userdocker main.js
launcher userdocker-admin admin/main.js

exec "$@"
