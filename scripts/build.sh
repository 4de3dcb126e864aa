#!/usr/bin/env bash
# scripts/build.sh [ARCHITECTURE [DIRECTORY]]
#
# Builds userdocker and userdocker-admin: each one file that needs neither Node nor node_modules to run. x64 or arm64
# (this machine's), into DIRECTORY (dist). The same source gives the same bytes, wherever it lies.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

source scripts/dependencies.sh

main() {
  local native architecture directory=${2-dist}
  case $(uname -m) in
    x86_64) native=x64 ;;
    aarch64) native=arm64 ;;
    *) echo "build: no runtime for $(uname -m); x86_64 and aarch64 are supported" >&2 && exit 1 ;;
  esac
  architecture=${1-$native}
  [[ $architecture = @(x64|arm64) ]] || { echo "build: no such architecture: $architecture (x64, arm64)" >&2 && exit 64; }
  install_dependencies
  bun=$(runtime node_modules "$native")
  [[ -x $bun ]] || { echo "build: $bun is missing: run npm ci" >&2 && exit 1; }
  if [[ $architecture = "$native" ]]; then embedded=$bun; else
    fetch_runtime "$architecture"
    embedded=$(runtime "dist/runtime-$architecture/node_modules" "$architecture")
  fi
  target=bun-linux-${architecture/x64/x64-baseline}
  mkdir -p "$directory"
  compile src/main.ts "$directory/userdocker"
  if [[ -f src/admin/main.ts ]]; then compile src/admin/main.ts "$directory/userdocker-admin"; fi
}

# runtime NODE_MODULES ARCHITECTURE. The baseline build needs no AVX2: old cluster nodes have none.
runtime() {
  case $2 in
    x64) echo "$1/@oven/bun-linux-x64-baseline/bin/bun" ;;
    arm64) echo "$1/@oven/bun-linux-aarch64/bin/bun" ;;
  esac
}

# npm installs the runtime of this machine only. The other one by the same lock file: version and checksum are in there.
fetch_runtime() {
  local directory=dist/runtime-$1
  [[ ! -f $directory/node_modules/.package-lock.json ]] || ! cmp --silent package-lock.json "$directory/package-lock.json" ||
    return 0
  rm -rf "$directory"
  mkdir -p "$directory"
  cp package.json package-lock.json .npmrc "$directory/"
  (cd "$directory" && npm ci --ignore-scripts --no-audit --no-fund --omit=dev --os=linux --cpu="$1" --libc=glibc)
}

# A caller's BUN_OPTIONS, HOME or NODE_ENV must not change what is built. The runtime is always given: bun would download
# one for another machine. (Its byte code is the same for all.)
# Nothing is read from the directory in which the program is called, neither .env nor bunfig.toml (the caller's files).
compile() {
  env -i PATH="$PATH" HOME=/nonexistent "$bun" build --compile --bytecode --minify --format=esm --splitting \
    --target="$target" --compile-executable-path="$embedded" \
    --no-compile-autoload-dotenv --no-compile-autoload-bunfig \
    --no-compile-autoload-tsconfig --no-compile-autoload-package-json \
    "$1" --outfile "$2"
}

main "$@"
