#!/usr/bin/env bash
# scripts/sandbox.sh COMMAND [ARG...]: runs COMMAND as root on a throw-away copy of this machine.
#
# Tests make users, write sudoers, install userdocker and start a docker engine. They do it here:
#   files      a copy-on-write view of every file system; /home and /var/lib/docker are empty, on the real disk;
#              /tmp and /run are empty. Only the source tree is the real one.
#   network    loopback alone; the engine's bridge and firewall rules collide with nobody's
#   processes  a PID namespace: when COMMAND ends, or this script is killed, everything in it is killed too
# What stays outside (a directory in /var/tmp, control groups) is removed at the end; what a SIGKILL left
# behind, by the next run.
set -euo pipefail

readonly name=userdocker-sandbox
source_tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

main() {
  [[ $# -gt 0 ]] || { echo "usage: scripts/sandbox.sh COMMAND [ARG...]" >&2; exit 64; }
  [[ $(id -u) = 0 ]] || { echo "sandbox: namespaces with an engine in them need root" >&2; exit 77; }

  # A living sandbox holds the lock of its directory; a minute's grace for one that has yet to take it.
  local stale
  find /var/tmp -maxdepth 1 -type d -user root -name "$name.??????" -mmin +1 | while read -r stale; do
    flock --nonblock "$stale" true && remove "$stale"
  done || true

  work=$(mktemp -d "/var/tmp/$name.XXXXXX")
  mkdir "$work/docker" "$work/home"
  chmod 711 "$work/docker"
  exec {lock}<"$work"
  flock "$lock"
  # Also after a signal: then the namespace is still there.
  trap 'kill -KILL $(cat "/proc/$$/task/$$/children") 2>/dev/null || true; remove "$work"' EXIT

  # pdeathsig and kill-child: also a SIGKILL of this script reaches PID 1 of the namespace, and so everything in it.
  local status=0
  setpriv --pdeathsig KILL unshare --mount --net --pid --fork --kill-child --ipc --uts --propagation private \
    bash "$source_tree/scripts/sandbox.sh" --inside "$work" "$@" {lock}<&- || status=$?
  exit "$status"
}

# The mounts went with the namespace; nothing but plain files is left below.
remove() {
  local group
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    group=$(find /sys/fs/cgroup -depth -type d -path "*/$(basename "$1")*" 2>/dev/null) || true
    [[ -z $group ]] && break
    xargs rmdir 2>/dev/null <<<"$group" || sleep 0.1
  done
  rm -rf --one-file-system "$1"
}

inside() {
  local work=$1
  shift
  # PID 1 of the namespace. In /mnt (ours alone), so that nothing has to be made on the real root.
  mount -t tmpfs -o mode=700 "$name" /mnt
  mkdir /mnt/root
  copy_on_write /
  local target
  while read -r target; do copy_on_write "$target"; done < <(other_file_systems)

  cd /mnt/root
  mount -t proc proc proc
  mount --rbind /sys sys
  mount --rbind /dev dev
  mount -t tmpfs -o mode=1777 tmpfs dev/shm
  mount -t tmpfs -o mode=755 tmpfs run
  mount -t tmpfs -o mode=1777 tmpfs tmp
  mkdir -m 1777 run/lock
  mkdir -p home var/lib/docker etc/docker ".$source_tree"
  mount --bind "$work/home" home
  mount --bind "$work/docker" var/lib/docker
  mount --rbind "$source_tree" ".$source_tree"

  # A userdocker that is installed here, and its settings, are not what is tested.
  rm -rf {etc,var/lib,var/log}/userdocker etc/sudoers.d/userdocker
  mkdir /mnt/root/.old
  pivot_root . .old
  cd "$source_tree"
  umount --lazy /.old
  rmdir /.old
  # As systemd does it: mounts made later are seen in copies of this namespace.
  mount --make-rshared /
  ip link set lo up

  # Whoever starts dockerd in here: containers are in a control group of ours, which is removed at the end.
  printf '{"cgroup-parent": "/%s"}\n' "$(basename "$work")" >/etc/docker/daemon.json
  # The tests look for this file before they touch anything.
  touch /run/"$name"
  unset "${!DOCKER_@}"
  export HOME=/root PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH"
  "$@"
}

# copy_on_write DIRECTORY: shows it under /mnt/root; what is written there stays in memory.
copy_on_write() {
  local layer
  layer=$(mktemp -d /mnt/layer.XXXXXX)
  mkdir "$layer/upper" "$layer/work"
  chmod --reference="$1" "$layer/upper"
  mount -t overlay -o "lowerdir=$1,upperdir=$layer/upper,workdir=$layer/work" overlay "/mnt/root$1"
}

# A separate /var or /usr is no part of the overlay over /.
other_file_systems() {
  findmnt --raw --noheadings --output TARGET --types ext2,ext3,ext4,xfs,btrfs,zfs,f2fs,overlay |
    grep --extended-regexp --invert-match '^/($|(proc|sys|dev|run|tmp|mnt|home|var/lib/docker|var/lib/containerd)(/|$))' |
    while read -r target; do [[ -d $target && ! $source_tree/ = "$target"/* ]] && echo "$target"; done || true
}

if [[ ${1-} = --inside ]]; then
  shift
  inside "$@"
else
  main "$@"
fi
