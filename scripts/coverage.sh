#!/usr/bin/env bash
# npm run coverage [-- PART]: which lines of src/ the unit tests and the end-to-end tests run. As root. About half an hour.
#
#   unit                the unit tests, measured by vitest
#   e2e [FILE...]       the end-to-end tests (test/e2e), with the program on Node: only there can it be measured
#   report              adds both up (reports/coverage/summary.json); fails below 95 %
#
# Without PART: all three. The compiled program has another runtime, which does not count: in its place, in the sandbox, the same
# source runs on Node. Node starts slower and has no execve (replace.ts then starts docker as a child), so tests of the binary itself
# fail in this run. They are no matter here: npm test judges them; what counts here is which lines ran. The catalogue of attacks
# (test/attacks) takes twice as long as all the others and runs hardly a line more: it is left out where it is not named.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/dependencies.sh

readonly unit=reports/coverage/unit e2e=reports/coverage/e2e
vitest=(npx --no-install vitest run --allowOnly=false --reporter=default)

main() {
  install_dependencies
  case ${1-all} in
    all)
      measure_unit
      measure_e2e
      report
      ;;
    unit) measure_unit ;;
    e2e)
      shift
      measure_e2e "$@"
      ;;
    report) report ;;
    *) echo "usage: scripts/coverage.sh [unit | e2e [FILE...] | report]" >&2 && exit 64 ;;
  esac
}

measure_unit() {
  rm -rf "$unit"
  "${vitest[@]}" --project unit --coverage --coverage.reporter=json --coverage.reportsDirectory="$unit" --coverage.reportOnFailure ||
    echo "coverage: unit tests failed; what they ran counts" >&2
}

measure_e2e() {
  local program files=("${@:-test/e2e}")
  umask 022
  for program in docker dockerd busybox sudo script; do
    command -v "$program" >/dev/null || { echo "coverage: $program is missing; npm test installs what is needed" >&2 && exit 69; }
  done
  rm -rf "$e2e"
  mkdir -p "$e2e/raw"
  # Whoever calls userdocker writes there at the end, a user without sudo, too: in the sandbox alone, here nobody gets so far.
  chmod 700 "$e2e"
  chmod 1777 "$e2e/raw"
  bundle
  # A file for each call, thousands: added up while the tests run. It ends when this script closes the pipe, or ends.
  local running collector
  exec {running}> >(exec node scripts/measure/collect.mjs "$e2e/raw" "$e2e/collected.json")
  collector=$!
  bash scripts/sandbox.sh bash scripts/measure/run-on-node.sh "$e2e" "${vitest[@]}" --project e2e "${files[@]}" {running}>&- ||
    echo "coverage: end-to-end tests failed, as those of the binary itself do on Node; what they ran counts" >&2
  exec {running}>&-
  wait "$collector"
}

# Not minified, with the source's positions beside it, in pieces as the binary is: what a call does not load, it does not pay for.
bundle() {
  local bun=(node_modules/@oven/bun-linux-*/bin/bun)
  env -i PATH="$PATH" HOME=/nonexistent "${bun[0]}" build --target=node --format=esm --splitting --sourcemap=external \
    --outdir "$e2e/bundle" src/main.ts src/admin/main.ts >/dev/null
}

report() { node scripts/measure/report.mjs "$unit/coverage-final.json" "$e2e" reports/coverage/summary.json; }

main "$@"
