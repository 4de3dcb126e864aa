
# --- before the files come: what install.sh checks, and the new rule among the machine's own --------------------

before_installation() {
  check_sudo
  check_installed_elsewhere
  check_other_rules
  check_new_rule
}

# The rule of ./install.sh names programs in /usr/local, which would go on being used.
check_installed_elsewhere() {
  [ -e "$sudoers" ] && grep -q '^Cmnd_Alias USERDOCKER_COMMANDS' "$sudoers" || return 0
  grep -q ' /usr/bin/userdocker,' "$sudoers" ||
    refuse "it was installed with install.sh: ./install.sh --uninstall first (settings and state of yours stay)"
}

# A broken file in sudoers.d could lock everybody out of sudo. Tried on a copy, with the new file in place of the old one.
# --file: of a file with a strange mode, which sudo accepts, only the rules are judged.
check_new_rule() {
  visudo --check --quiet --file=/etc/sudoers 2>/dev/null || return 0
  copy=$(mktemp -d)
  mkdir "$copy/sudoers.d"
  find -L /etc/sudoers.d -maxdepth 1 -type f ! -name '*~' ! -name '*.*' ! -path "$sudoers" \
    -exec cp --preserve=mode,ownership {} "$copy/sudoers.d" \;
  new_rule >"$copy/sudoers.d/userdocker"
  chmod 440 "$copy/sudoers.d/userdocker"
  sed -E "s|^[@#]includedir[[:space:]]+\"?/etc/sudoers\.d\"?[[:space:]]*\$|#includedir $copy/sudoers.d|" \
    /etc/sudoers >"$copy/sudoers"
  answer=accepted
  visudo --check --quiet --file="$copy/sudoers" || answer=refused
  rm -r "$copy"
  [ "$answer" = accepted ] || refuse "visudo refuses the new $sudoers beside the other rules; nothing was changed"
}
