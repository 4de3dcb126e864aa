
# --- when the files are there -----------------------------------------------------------------------------------

after_installation() {
  make_group userdocker
  make_directories
  make_settings /usr/share/userdocker/config.yaml
  ! kernel_is_old || warn "Linux 5.1 or newer is needed; this is $(uname -r)"
  visudo --check --quiet --file=/etc/sudoers || warn "visudo finds mistakes in the sudoers files of this machine"
  warn_of_machine
}
