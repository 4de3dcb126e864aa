#!/usr/bin/env bash
# Builds dist/userdocker (and dist/userdocker-admin): each one file that needs neither Node nor node_modules to run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

source scripts/dependencies.sh
install_dependencies

# The baseline build needs no AVX2: old cluster nodes have none.
case $(uname -m) in
  x86_64) bun=node_modules/@oven/bun-linux-x64-baseline/bin/bun ;;
  aarch64) bun=node_modules/@oven/bun-linux-aarch64/bin/bun ;;
  *) echo "build: no runtime for $(uname -m); x86_64 and aarch64 are supported" >&2; exit 1 ;;
esac
[[ -x $bun ]] || { echo "build: $bun is missing: run npm ci" >&2; exit 1; }

# A caller's BUN_OPTIONS, HOME or NODE_ENV must not change what is built.
# Nothing is read from the directory in which the program is called, neither .env nor bunfig.toml (the caller's files).
compile() {
  env -i PATH="$PATH" HOME=/nonexistent "$bun" build --compile --bytecode --minify --format=esm --splitting \
    --no-compile-autoload-dotenv --no-compile-autoload-bunfig \
    --no-compile-autoload-tsconfig --no-compile-autoload-package-json \
    "$1" --outfile "$2"
}

mkdir -p dist
compile src/main.ts dist/userdocker
if [[ -f src/admin/main.ts ]]; then
  compile src/admin/main.ts dist/userdocker-admin
fi
