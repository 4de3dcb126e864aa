# shellcheck shell=sh
# What an installation asks of a machine and makes on it beyond copying files. install.sh sources this; scripts/package.sh
# puts it at the head of the packages' scripts. POSIX sh. Whoever includes it says what these do:
#   say TEXT, warn TEXT, refuse TEXT (does not return), file MODE SOURCE TARGET (puts TARGET in place in one step)

configuration=/etc/userdocker state=/var/lib/userdocker log=/var/log/userdocker
sudoers=/etc/sudoers.d/userdocker

# --- may it be done? ----------------------------------------------------------------------------------------

check_sudo() {
  command -v visudo >/dev/null || refuse "sudo is missing: install the package sudo"
  grep -qE '^[@#]includedir[[:space:]]+"?/etc/sudoers\.d"?[[:space:]]*$' /etc/sudoers ||
    refuse "/etc/sudoers does not read /etc/sudoers.d: add the line '@includedir /etc/sudoers.d' with visudo"
}

# A rule of somebody else's that says SETENV for userdocker undoes the one that is installed here.
check_other_rules() {
  found=$(other_sudoers | awk '
    { line = line $0 }
    /\\$/ { sub(/\\$/, "", line); next }
    line ~ /^[ \t]*Cmnd_Alias/ && line ~ /userdocker/ {
      alias = line; sub(/^[ \t]*Cmnd_Alias[ \t]+/, "", alias); sub(/[ \t=].*/, "", alias); names = names "|" alias
    }
    line !~ /^[ \t]*#/ && line ~ /(^|[^O])SETENV[ \t]*:/ && line ~ ("userdocker" names) { print line }
    { line = "" }')
  [ -z "$found" ] || refuse "a sudoers rule gives SETENV for userdocker, which makes its users root. Remove it: $found"
}

# sudo follows links here.
other_sudoers() {
  find -L /etc/sudoers /etc/sudoers.d/ -type f ! -path "$sudoers" ! -name '*~' ! -path '/etc/sudoers.d/*.*' -exec cat {} +
}

kernel_is_old() { ! printf '%s\n' 5.1 "$(uname -r)" | sort -CV; }

warn_of_machine() {
  [ -x /usr/bin/docker ] ||
    warn "there is no /usr/bin/docker: install docker, or set executors.docker in $configuration/config.yaml"
  members=$(getent group docker | cut -d: -f4) || true
  [ -z "$members" ] ||
    warn "members of the group docker are root on this machine, with or without userdocker: $members"
}

# --- what is no file of the release ---------------------------------------------------------------------------

# make_directories [BELOW]: also mends the modes of those that are there.
make_directories() {
  directory 755 "${1-}$configuration"
  directory 700 "${1-}$configuration/docker"
  directory 700 "${1-}$state"
  directory 700 "${1-}$log"
}

directory() {
  [ ! -L "$2" ] || refuse "$2 is a symbolic link"
  [ -d "$2" ] && [ "$(stat --format '%a %u' "$2")" = "$1 $(id -u)" ] ||
    install --directory --mode="$1" --owner="$(id -u)" "$2"
}

# make_settings CONFIG: the admin's own files, where there are none.
make_settings() {
  [ -e "$configuration/config.yaml" ] || [ -e "$configuration/config.yml" ] || [ -e "$configuration/config.json" ] ||
    file 644 "$1" "$configuration/config.yaml"
  [ -e "$configuration/docker/config.json" ] || echo '{}' | file 600 /dev/stdin "$configuration/docker/config.json"
}

make_group() {
  ! getent group "$1" >/dev/null || return 0
  groupadd --system "$1"
  say "made the group '$1': add its members with: usermod --append --groups $1 NAME"
}

# remove_settings CONFIG: what make_settings made, unless the admin has changed it.
remove_settings() {
  ! cmp --silent "$1" "$configuration/config.yaml" || rm "$configuration/config.yaml"
  ! echo '{}' | cmp --silent - "$configuration/docker/config.json" || rm "$configuration/docker/config.json"
}

# Never through a mount or a link: what is there belongs to somebody else (one directory of logs for many machines, say).
# Fails where something was left.
purge() {
  left=0
  for place in "$configuration" "$state" "$log"; do
    if [ -L "$place" ]; then
      warn "$place is a symbolic link; it was left as it is" && left=1
    elif awk -v place="$place" '$2 == place || index($2, place "/") == 1 { found = 1 } END { exit !found }' /proc/self/mounts; then
      warn "something is mounted at or below $place; it was left as it is" && left=1
    else
      rm -rf --one-file-system "$place"
    fi
  done
  return "$left"
}
