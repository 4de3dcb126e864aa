#!/usr/bin/env bash
# scripts/fuzz.sh [--minutes N | --lines N] [--seed S [--path P]] [--faults]
#
# Command lines drawn at random go through userdocker's rules and docker's real client; what the client then asks of the engine is
# held against the policy by a second opinion (src/policy/violations.ts). Needs docker's client, no engine and no root.
# --minutes: for so long, each time from another seed. --seed, --path: what a failure has printed, again.
# --faults: whether the planted faults are found.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tests=test/fuzz/lines.test.ts
while [[ $# -gt 0 ]]; do
  case $1 in
    --minutes) export FUZZ_MINUTES=${2:?} && shift ;;
    --lines) export FUZZ_LINES=${2:?} && shift ;;
    --seed) export FUZZ_SEED=${2:?} && shift ;;
    --path) export FUZZ_PATH=${2:?} && shift ;;
    --faults) tests=test/fuzz/faults.test.ts ;;
    *) sed -n '2,8s/^# \?//p' "${BASH_SOURCE[0]}" >&2 && exit 64 ;;
  esac
  shift
done
export FUZZ_DETAILS=1
exec npx --no-install vitest run "$tests" --project fuzz --allowOnly=false --disable-console-intercept
