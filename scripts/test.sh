#!/usr/bin/env bash
# scripts/test.sh [unit|fuzz|e2e|install|package [VITEST-ARGUMENT...]]
#
# Without arguments: packages, lint, types, unit tests, command lines drawn at random (test/fuzz), build, and the tests with
# real sudo and a real engine in a sandbox (scripts/sandbox.sh), of what install.sh installs and of the packages.
# USERDOCKER_MUST_WORK=1: a test that is skipped is a failure. The last line is
# `N passed, N failed, N skipped`.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
source scripts/dependencies.sh

failed=()

main() {
  trap summary EXIT
  rm -rf reports
  install_packages && install_dependencies || exit 1
  case ${1-all} in
    all)
      # Mostly waiting for a mirror. The tests of the packages wait for it.
      bash scripts/debian-root.sh dist/debian-root >/dev/null 2>&1 &
      if step build bash scripts/build.sh; then
        # The tests with an engine wait for it often; the others use the processors meanwhile.
        mkdir reports
        beside_end_to_end >reports/beside.log 2>&1 &
        vitest e2e
        wait "$!" || failed+=("what runs beside the end-to-end tests")
        cat reports/beside.log
      else
        lint_and_types
        vitest unit
      fi
      ;;
    unit | fuzz) vitest "$@" ;;
    install | e2e) step build bash scripts/build.sh && vitest "$@" ;;
    package) make_packages && vitest "$@" ;;
    *) echo "usage: scripts/test.sh [unit|fuzz|e2e|install|package [VITEST-ARGUMENT...]]" >&2 && exit 64 ;;
  esac
  [[ ${#failed[@]} -eq 0 ]]
}

step() {
  local name=$1 start=$SECONDS
  shift
  echo "== $name"
  if "$@"; then
    echo "== $name: ok, $((SECONDS - start)) s"
  else
    failed+=("$name")
    return 1
  fi
}

lint_and_types() {
  step lint npx --no-install biome check .
  step types npx --no-install tsc --noEmit
}

# All but the end-to-end tests. In a process of its own: what failed is said by its status, and by name in what it prints.
beside_end_to_end() {
  failed=()
  lint_and_types
  vitest unit
  vitest fuzz
  vitest install
  make_packages && vitest package
  [[ ${#failed[@]} -eq 0 ]] || { echo "failed: ${failed[*]}" && false; }
}

# What the tests of the packages need: the packages, and a Debian to install them into.
make_packages() {
  step packages bash scripts/package.sh && step "a small Debian" bash scripts/debian-root.sh dist/debian-root
}

# vitest PROJECT [ARGUMENT...]
vitest() {
  local project=$1
  shift
  local command=(npx --no-install vitest run --project "$project" --allowOnly=false "$@"
    --reporter=default --reporter=json "--outputFile.json=reports/$project.json")
  [[ $project = unit || $project = fuzz ]] || command=(bash scripts/sandbox.sh "${command[@]}")
  step "$project tests" "${command[@]}"
}

summary() {
  local status=$?
  trap - EXIT
  [[ ${#failed[@]} -eq 0 ]] || echo "failed: ${failed[*]}"
  node scripts/count-tests.mjs reports || status=1
  exit "$status"
}

# What the tests need beside Node.
install_packages() {
  local package missing=()
  if ! command -v dpkg-query >/dev/null; then
    echo "test: not Debian: docker, iptables, sudo, a static busybox, util-linux and iproute2 are taken to be there"
    return
  fi
  for package in docker.io iptables sudo busybox-static util-linux bsdutils iproute2 mandoc libnss-extrausers \
    rpm mmdebstrap bash-completion zsh fish; do
    [[ $(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null) = installed ]] || missing+=("$package")
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0
  echo "== packages: ${missing[*]}"
  # The tests start an engine of their own; none is to be started on the machine by the installation.
  local policy=/usr/sbin/policy-rc.d ours=no
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" && ours=yes
  fi
  apt-get update --quiet --quiet &&
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --quiet --no-install-recommends "${missing[@]}" </dev/null
  local status=$?
  [[ $ours = no ]] || rm "$policy"
  return "$status"
}

main "$@"
