# shellcheck shell=bash
# To be sourced, in the root of the source tree.

# Installs the packages of package-lock.json where they are missing or older than it. No package's script is run.
install_dependencies() {
  local installed=node_modules/.package-lock.json
  [[ -f $installed && ! package-lock.json -nt $installed ]] && return
  if ! command -v npm >/dev/null; then
    echo "npm is missing: Node.js 20 or newer, with npm, is needed on the machine that builds (not where userdocker runs)" >&2
    return 1
  fi
  npm ci --ignore-scripts --no-audit --no-fund
}
