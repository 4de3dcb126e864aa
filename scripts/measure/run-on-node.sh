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
cp scripts/measure/on-node.cjs "$installed"
shift

mount -t tmpfs -o mode=755 dist dist
cp "$(node --print process.execPath)" dist/userdocker
cp dist/userdocker dist/userdocker-admin

# launcher NAME SCRIPT
launcher() {
  local program=/usr/local/lib/userdocker/$1
  sed "s|^  $program |  NODE_V8_COVERAGE=$installed/raw NODE_OPTIONS=--require=$installed/on-node.cjs $program $installed/bundle/$2 |" \
    "bin/$1" >"dist/$1.launcher"
  ! cmp --silent "bin/$1" "dist/$1.launcher" || { echo "run-on-node: bin/$1 has another last line" >&2 && exit 70; }
  mount --bind "dist/$1.launcher" "bin/$1"
}
launcher userdocker main.js
launcher userdocker-admin admin/main.js

exec "$@"
