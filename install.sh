#!/usr/bin/env bash
# Installs userdocker, or takes it away again. Nothing is changed before every check has passed, each file is put in
# place in one step, and a second run changes only what is out of date. See usage() below.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
  cat <<'USAGE'
usage: ./install.sh [OPTION...]            as root

  --group NAME    members may call userdocker through sudo (userdocker; made where there is none)
  --hosts A,B     the machines on which they may (ALL), for a sudoers rule that is copied to many
  --prefix DIR    where bin/ and lib/ are (/usr/local); only root may be able to write there
  --no-build      install dist/ as it is
  --destdir DIR   lay the files out below DIR, as a package has them: nothing of this machine is asked or changed
  --demo          also install and start docker where there is none (Debian, Ubuntu), and show userdocker at work
  --uninstall     remove what was installed; settings of the admin, audit log and state stay
  --purge         with --uninstall: remove these, too
  --help
USAGE
}

group=userdocker hosts=ALL prefix=/usr/local build=yes action=install purge=no destdir=none
readonly logrotate=/etc/logrotate.d/userdocker
source packaging/machine.sh

main() {
  parse_arguments "$@"
  umask 022
  case $action in
    uninstall) check_root && check_prefix && uninstall ;;
    demo) check_root && exec bash scripts/demo.sh "$group" "$hosts" "$prefix" "$build" ;;
    stage)
      make_scratch
      prepare_sudoers
      build_program
      install_files
      file 644 etc-userdocker/config.yaml "$destdir$prefix/share/userdocker/config.yaml"
      file 440 "$scratch/sudoers" "$destdir$sudoers"
      ;;
    install)
      check_root
      check_prefix
      make_scratch
      check_machine
      check_other_rules
      prepare_sudoers
      build_program
      install_files
      make_settings etc-userdocker/config.yaml
      install_sudoers
      local command=userdocker
      [[ $prefix = /usr/local || $prefix = /usr ]] || command=$prefix/bin/userdocker
      say "Done. Members of the group '$group' can now run: sudo $command run --rm -it IMAGE"
      ;;
  esac
}

make_scratch() {
  scratch=$(mktemp --directory)
  trap 'rm -r "$scratch"' EXIT
}

say() { printf '%s\n' "install: $*"; }
warn() { printf '%s\n' "install: warning: $*" >&2; }
refuse() { printf '%s\n' "install: $*" >&2; exit 1; }

# --- what was asked -----------------------------------------------------------------------------------------

parse_arguments() {
  while [[ $# -gt 0 ]]; do
    case $1 in
      --group | --hosts | --prefix | --destdir)
        [[ $# -ge 2 ]] || wrong_usage "$1 needs a value"
        printf -v "${1#--}" %s "$2"
        shift
        ;;
      --group=* | --hosts=* | --prefix=* | --destdir=*) local word=${1#--} && printf -v "${word%%=*}" %s "${word#*=}" ;;
      --no-build) build=no ;;
      --demo) action=demo ;;
      --uninstall) action=uninstall ;;
      --purge) purge=yes ;;
      -h | --help) usage && exit 0 ;;
      *) wrong_usage "unknown option: $1" ;;
    esac
    shift
  done
  # All three become part of a sudoers rule: plain words only.
  [[ $group =~ ^[A-Za-z_][A-Za-z0-9_.-]{0,31}$ && $group != ALL ]] || wrong_usage "not a group name: $group"
  [[ $hosts =~ ^[A-Za-z0-9][A-Za-z0-9.-]*(,[A-Za-z0-9][A-Za-z0-9.-]*)*$ ]] || wrong_usage "not a list of host names: $hosts"
  [[ $prefix =~ ^(/[A-Za-z0-9_+-][A-Za-z0-9_.+-]*)+$ ]] || wrong_usage "not an absolute, plain path: $prefix"
  [[ $purge = no || $action = uninstall ]] || wrong_usage "--purge goes with --uninstall"
  if [[ $destdir = none ]]; then
    destdir=''
    return
  fi
  [[ $action = install ]] || wrong_usage "--destdir goes with an installation"
  # An empty variable of a script must not mean this machine.
  [[ $destdir = /*[!/.]* && $destdir/ != */../* ]] || wrong_usage "not an absolute path below /: $destdir"
  action=stage
}

wrong_usage() {
  printf '%s\n' "install: $*" >&2
  usage >&2
  exit 64
}

# --- may it be done? ----------------------------------------------------------------------------------------

check_root() { [[ $(id -u) = 0 ]] || refuse "only root can install: sudo ./install.sh"; }

# Who can write to a directory above the program can put another program in its place, and sudo runs it as root.
check_prefix() {
  local directory
  for directory in bin lib/userdocker sbin share/man; do
    only_root_writes "$prefix/$directory"
    only_root_writes "$(realpath --canonicalize-missing "$prefix/$directory")"
  done
  only_root_writes "$configuration"
}

only_root_writes() {
  local path=$1
  while :; do
    if [[ -e $path ]]; then
      [[ $(stat --dereference --format %u "$path") = 0 ]] ||
        refuse "$path belongs to another user than root: chown root $path, or choose another --prefix"
      (((8#$(stat --dereference --format %a "$path") & 8#022) == 0)) ||
        refuse "$path can be written by others than root: chmod go-w $path, or choose another --prefix"
    fi
    [[ $path != / ]] || return 0
    path=$(dirname "$path")
  done
}

check_machine() {
  ! kernel_is_old || refuse "Linux 5.1 or newer is needed; this is $(uname -r)"
  [[ $prefix = /usr || ! -e /usr/lib/userdocker/userdocker ]] ||
    refuse "the package userdocker is installed here: remove it first, or upgrade with the new package"
  check_sudo
  /usr/bin/env --default-signal=PIPE true 2>/dev/null ||
    refuse "/usr/bin/env knows no --default-signal: GNU coreutils 8.31 or newer is needed"
  warn_of_machine
}

# Only a file that visudo has accepted comes into place; a broken one could lock everybody out of sudo.
prepare_sudoers() {
  sed "s|@PREFIX@|$prefix|g; s|@GROUP@|$group|; s|@HOSTS@|${hosts//,/, }|" etc-userdocker/sudoers >"$scratch/sudoers"
  visudo --check --quiet --file="$scratch/sudoers" || refuse "visudo refuses the new $sudoers; nothing was changed"
}

# A release has no source, but the programs.
build_program() {
  if [[ $build = yes && -d src ]]; then bash scripts/build.sh; fi
  [[ -x dist/userdocker ]] || refuse "dist/userdocker is missing: run 'npm run build', or leave out --no-build"
}

# --- installation -------------------------------------------------------------------------------------------

install_files() {
  local root=$destdir$prefix
  mkdir -p "$root/bin" "$root/sbin"
  directory 755 "$root/lib/userdocker"
  make_directories "$destdir"

  file 755 dist/userdocker "$root/lib/userdocker/userdocker"
  file 755 <(with_prefix bin/userdocker) "$root/bin/userdocker"
  file 755 <(with_prefix bin/nvidia-userdocker) "$root/bin/nvidia-userdocker"
  if [[ -f dist/userdocker-admin ]]; then
    file 755 dist/userdocker-admin "$root/lib/userdocker/userdocker-admin"
    file 755 <(with_prefix bin/userdocker-admin) "$root/sbin/userdocker-admin"
  fi
  file 644 etc-userdocker/default.yaml "$destdir$configuration/default.yaml"
  [[ -z $destdir && ! -d /etc/logrotate.d ]] || file 644 etc-userdocker/logrotate "$destdir$logrotate"
  documentation | while read -r source target; do
    target=$destdir$target
    mkdir -p "$(dirname "$target")"
    if [[ $target = *.gz ]]; then
      file 644 <(with_prefix "$source" | gzip -9n) "$target"
    else
      file 644 "$source" "$target"
    fi
  done
  completions | while read -r source target; do
    target=$destdir$target
    mkdir -p "$(dirname "$target")"
    file 644 <(with_prefix "$source") "$target"
  done
}

# Lines of source and target.
documentation() {
  local page
  for page in man/*.[1-8]; do
    [[ ! -f $page ]] || echo "$page $prefix/share/man/man${page##*.}/$(basename "$page").gz"
  done
}

# The shells look in directories of their own, whatever the prefix is. bash and fish want a file for each command.
completions() {
  local command zsh=/usr/share/zsh/site-functions
  [[ -n $destdir || ! -e /etc/debian_version ]] || zsh=/usr/share/zsh/vendor-completions
  for command in userdocker nvidia-userdocker; do
    echo "completions/userdocker.bash /usr/share/bash-completion/completions/$command"
    echo "completions/userdocker.fish /usr/share/fish/vendor_completions.d/$command.fish"
  done
  echo "completions/userdocker.zsh $zsh/_userdocker"
}

with_prefix() { sed "s|/usr/local/|$prefix/|g" "$1"; }

# file MODE SOURCE TARGET: whoever runs or reads TARGET meanwhile has the old one or the new one, whole.
file() {
  local source=$2 owner group_id
  # Those of root; whoever lays out a package need not be root, the package gives the owners.
  owner=$(id -u) group_id=$(id -g)
  if [[ -p $source ]]; then
    cat "$source" >"$scratch/text"
    source=$scratch/text
  fi
  if [[ -f $3 && ! -L $3 && $(stat --format '%a %u %g' "$3") = "$1 $owner $group_id" ]] &&
    cmp --silent "$source" "$3"; then return; fi
  install -D --mode="$1" --owner="$owner" --group="$group_id" "$source" "$3.new~"
  mv --no-target-directory "$3.new~" "$3"
  say "installed $3"
}

install_sudoers() {
  make_group "$group"
  local healthy=no old
  # --file: of a file with a strange mode, which sudo accepts, only the rules are judged.
  ! visudo --check --quiet --file=/etc/sudoers 2>/dev/null || healthy=yes
  old=$(cat "$sudoers" 2>/dev/null) || true
  file 440 "$scratch/sudoers" "$sudoers"
  # Alone it was fine; together with the machine's other files it may not be.
  if [[ $healthy = yes ]] && ! visudo --check --quiet --file=/etc/sudoers; then
    if [[ -n $old ]]; then file 440 <(printf '%s\n' "$old") "$sudoers"; else rm "$sudoers"; fi
    refuse "with the new $sudoers visudo refuses the whole; it was put back as it was"
  fi
}

# --- removal ------------------------------------------------------------------------------------------------

uninstall() {
  if [[ -e $sudoers ]] && ! grep --quiet --fixed-strings " $prefix/bin/userdocker," "$sudoers"; then
    refuse "it is installed elsewhere, give --prefix: $(grep '^Cmnd_Alias' "$sudoers")"
  fi
  remove "$sudoers" "$prefix"/bin/{,nvidia-}userdocker "$prefix/sbin/userdocker-admin" "$logrotate" \
    "$prefix/lib/userdocker/userdocker"{,-admin} "$configuration/default.yaml"
  documentation | while read -r _ target; do remove "$target"; done
  completions | while read -r _ target; do
    remove "$target"
    rmdir --parents "$(dirname "$target")" 2>/dev/null || true
  done
  remove_settings etc-userdocker/config.yaml
  if [[ $purge = yes ]]; then purge; fi
  rmdir --ignore-fail-on-non-empty "$configuration/docker" "$configuration" "$state" "$log" "$prefix/lib/userdocker" 2>/dev/null || true
  say "Removed. Containers that run go on running; groups stay."
}

remove() {
  local path
  for path in "$@"; do
    [[ ! -e $path ]] || { rm "$path" && say "removed $path"; }
  done
}

main "$@"
