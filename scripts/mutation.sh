#!/usr/bin/env bash
# npm run mutation [-- STRYKER-OPTION...]: breaks the rules in thousands of small ways and counts how many of them no test notices.
#
# `--mutate src/policy/ports.ts` for one file. All of it takes about an hour of two processors.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/dependencies.sh
install_dependencies
[[ -d scripts/mutation/node_modules ]] || npm ci --prefix scripts/mutation --ignore-scripts --no-audit --no-fund
exec scripts/mutation/node_modules/.bin/stryker run scripts/mutation/stryker.config.json --concurrency "$(nproc)" "$@"
