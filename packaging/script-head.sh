#!/bin/sh
# Made by userdocker's scripts/package.sh.
set -eu
umask 022

say() { printf '%s\n' "userdocker: $*"; }
warn() { printf '%s\n' "userdocker: warning: $*" >&2; }
refuse() { printf '%s\n' "userdocker: $*" >&2; exit 1; }

file() {
  install --mode="$1" --owner=root --group=root "$2" "$3.new~"
  mv -T "$3.new~" "$3"
}
