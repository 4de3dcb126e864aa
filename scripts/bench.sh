#!/usr/bin/env bash
# npm run bench [-- ROUNDS]: what userdocker costs beside docker, as Markdown on standard output. As root.
#
# It all happens in a sandbox (scripts/sandbox.sh) with an engine of its own, so that a busy engine is measured as an idle one. What
# else the machine does meanwhile falls on both, but the fewer the better.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

for program in docker dockerd busybox sudo script; do
  command -v "$program" >/dev/null || { echo "bench: $program is missing; npm test installs what is needed" >&2; exit 69; }
done
bash scripts/build.sh >&2
bun=(node_modules/@oven/bun-linux-*/bin/bun)
exec bash scripts/sandbox.sh "${bun[0]}" scripts/bench/main.ts "$@"
