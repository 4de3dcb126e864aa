#!/usr/bin/env bash
# npm run mutation [-- STRYKER-OPTION...]: breaks the rules in thousands of small ways and counts how many of them no test notices.
#
# `--mutate src/policy/ports.ts` for one file, `--mutate "$(node scripts/mutation/sample.mjs 1)"` for a fifth of all, which takes half an
# hour of two processors. The report is reports/mutation.json.
#
# A mutant's tests end with the first that fails. On a busy machine that failure is sometimes lost on its way, and the mutant counts as
# survived: the score is a lower bound. Whether one has really survived says `--disableBail --mutate src/policy/x.ts:10-12`, slowly.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/dependencies.sh

main() {
  install_dependencies
  [[ -d scripts/mutation/node_modules ]] || npm ci --prefix scripts/mutation --ignore-scripts --no-audit --no-fund
  rm -f reports/mutation.json
  scripts/mutation/node_modules/.bin/stryker run scripts/mutation/stryker.config.json --concurrency "$(nproc)" "$@"
  refuse_lost_tests
}

# A mutant that is no JavaScript (an expression with an invalid escape, say) makes all test files that import it fail to load, and
# Stryker leaves them out without a word: the score would be too low.
refuse_lost_tests() {
  local lost
  lost=$(comm -23 \
    <(npx --no-install vitest list --filesOnly --config scripts/mutation/vitest.config.ts | sort) \
    <(node -p 'Object.keys(JSON.parse(fs.readFileSync("reports/mutation.json")).testFiles).join("\n")' | sort))
  [[ -z $lost ]] || { echo "mutation: these tests were left out, since a mutated file does not load: $lost" >&2 && exit 1; }
}

main "$@"
