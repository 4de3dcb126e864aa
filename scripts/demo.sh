#!/usr/bin/env bash
# install.sh --demo: docker and userdocker on a fresh Debian or Ubuntu, and one container of an ordinary user who is
# held to be that user, without a capability. Fails if that does not hold. userdocker stays installed.
# Arguments: group, hosts and prefix as for install.sh; yes or no: build first; installed: a package has been here.
set -euo pipefail

readonly group=$1 hosts=$2 prefix=$3 build=$4
readonly user=userdocker-demo image=userdocker-demo:latest

main() {
  step "Packages"
  install_packages
  step "A docker engine"
  start_engine
  step "userdocker"
  if [[ $build = installed ]]; then
    echo "Installed already, by a package."
  else
    local options=(--group "$group" --hosts "$hosts" --prefix "$prefix")
    [[ $build = yes ]] || options+=(--no-build)
    ./install.sh "${options[@]}"
  fi
  trap clean_up EXIT
  step "A user '$user' of the group '$group', and a small image"
  make_user
  make_image
  demonstrate
  step "That worked. userdocker stays installed; the user and the image are removed again."
  echo "Let somebody use it:  usermod --append --groups $group NAME"
  echo "Take it away again:   ./install.sh --uninstall"
}

step() { printf '\n== %s\n' "$*"; }
fail() { printf 'demo: %s\n' "$*" >&2; exit 1; }

install_packages() {
  local wanted=()
  command -v dockerd >/dev/null || wanted+=(docker.io iptables)
  command -v visudo >/dev/null || wanted+=(sudo)
  command -v busybox >/dev/null || wanted+=(busybox-static)
  if [[ ${#wanted[@]} -eq 0 ]]; then
    echo "All there."
    return
  fi
  command -v apt-get >/dev/null || fail "install these first (only Debian's apt-get is known here): ${wanted[*]}"
  apt-get update --quiet --quiet
  DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends "${wanted[@]}" </dev/null
}

engine() { env --unset=DOCKER_HOST --unset=DOCKER_CONTEXT docker --host unix:///var/run/docker.sock "$@"; }

start_engine() {
  if engine version >/dev/null 2>&1; then
    echo "One answers at /var/run/docker.sock."
    return
  fi
  if [[ -d /run/systemd/system ]]; then
    systemctl start docker
  else
    # No init system, as in a container or a sandbox: by hand. It stays when the demo ends.
    setsid dockerd >/var/log/dockerd.log 2>&1 </dev/null &
    echo "Started dockerd (process $!); its log is /var/log/dockerd.log."
  fi
  for _ in {1..300}; do
    if engine version >/dev/null 2>&1; then return; fi
    sleep 0.1
  done
  fail "no engine answers at /var/run/docker.sock; see journalctl -u docker, or /var/log/dockerd.log"
}

make_user() {
  # A demo that was killed may have left one.
  ! id "$user" >/dev/null 2>&1 || remove_user
  useradd --create-home --comment "userdocker demo" --shell /bin/sh --groups "$group" "$user"
}

remove_user() {
  [[ $(getent passwd "$user" | cut -d: -f5) = "userdocker demo"* ]] || fail "there is a user $user who is not the demo's"
  userdel --remove "$user" 2>/dev/null
}

# No registry is needed: busybox alone is an image.
make_image() {
  local root
  root=$(mktemp -d)
  mkdir "$root/bin"
  cp --dereference "$(command -v busybox)" "$root/bin/busybox"
  local applet
  for applet in sh id grep; do ln -s busybox "$root/bin/$applet"; done
  tar --create --directory="$root" . | engine import - "$image"
  rm -r "$root"
}

clean_up() {
  remove_user || true
  engine rmi --force "$image" >/dev/null 2>&1 || true
}

demonstrate() {
  step "As that user"
  as_user "sudo userdocker run --rm $image sh -c 'id; grep -E \"^(Cap|NoNewPrivs)\" /proc/self/status'"
  expect "^uid=$(id -u "$user")( |$)" "the user inside is not the user outside"
  expect $'^CapEff:\t0000000000000000$' "the container has capabilities"
  expect $'^CapBnd:\t0000000000000000$' "the container can get capabilities"
  expect $'^NoNewPrivs:\t1$' "the container can get new privileges"
  step "What would make the user root is refused"
  # EX_NOPERM of sysexits.h is the program's denial; 1 is sudo's.
  refused 77 "sudo userdocker run --rm --privileged $image id"
  refused 77 "sudo userdocker run --rm -v /etc:/etc $image id"
  refused 1 "sudo -n docker ps"
}

# Shows a command as the user types it and what it says; leaves that in $output and $status.
as_user() {
  printf '\n%s$ %s\n' "$user" "$1"
  status=0
  output=$(su - "$user" --command "$1" </dev/null 2>&1) || status=$?
  printf '%s\n' "$output"
}

expect() { grep --quiet --extended-regexp "$1" <<<"$output" || fail "$2"; }

refused() {
  as_user "$2"
  [[ $status = "$1" ]] || fail "this should have been refused: $2"
}

main
