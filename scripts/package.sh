#!/usr/bin/env bash
# scripts/package.sh [--output DIRECTORY] [--programs DIRECTORY] [x64|arm64...]
#
# Makes a .deb, an .rpm and a .tar.gz for each architecture (both), and SHA256SUMS, in dist/packages. What is in them is
# what install.sh installs: it lays out the packages (--destdir), and it is in the tarball. The same source gives the
# same bytes: SOURCE_DATE_EPOCH (the time of the last commit) stands for every time.
#   --programs   DIRECTORY/linux-x64/userdocker and so on are built already
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

output=dist/packages programs='' architectures=()
# In the tarball, beside the programs.
readonly release=(install.sh LICENSE README.md CHANGELOG.md SECURITY.md bin docs etc-userdocker man
  packaging/machine.sh scripts/demo.sh)
readonly documents=(README.md SECURITY.md docs/cluster.md docs/threats.md)
export LC_ALL=C TZ=UTC

main() {
  umask 022
  parse_arguments "$@"
  install_tools
  source scripts/dependencies.sh
  install_dependencies
  version=$(node -p "require('./package.json').version")
  maintainer=${PACKAGE_MAINTAINER:-the userdocker authors <root@localhost>}
  # safe.directory: a checkout may be somebody else's than root's, who builds.
  export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -c safe.directory="$PWD" log -1 --format=%ct)}
  [[ $SOURCE_DATE_EPOCH =~ ^[0-9]+$ ]] || fail "no git here to take the time from: set SOURCE_DATE_EPOCH"
  work=$(mktemp --directory)
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work/made"
  node scripts/third-party.mjs >"$work/THIRD-PARTY"

  local architecture
  for architecture in "${architectures[@]}"; do package "$architecture"; done
  (cd "$work/made" && sha256sum -- * >SHA256SUMS)
  # No old package stays beside new sums.
  mkdir -p "$output"
  rm -f "$output"/userdocker[-_]*.{deb,rpm,tar.gz} "$output/SHA256SUMS"
  cp "$work/made"/* "$output"
  echo "package: in $output:"
  cat "$output/SHA256SUMS"
}

fail() { printf '%s\n' "package: $*" >&2; exit 1; }

parse_arguments() {
  while [[ $# -gt 0 ]]; do
    case $1 in
      --output | --programs)
        [[ -n ${2-} ]] || fail "$1 needs a value"
        printf -v "${1#--}" %s "$(realpath --canonicalize-missing "$2")"
        shift
        ;;
      x64 | arm64) architectures+=("$1") ;;
      *) sed -n 's/^# \?//; 2,8p' "${BASH_SOURCE[0]}" >&2 && exit 64 ;;
    esac
    shift
  done
  [[ ${#architectures[@]} -gt 0 ]] || architectures=(x64 arm64)
}

# Debian's own tools; rpm is a package of Debian's, too.
install_tools() {
  local tool missing=()
  for tool in dpkg-deb:dpkg rpmbuild:rpm visudo:sudo; do
    command -v "${tool%:*}" >/dev/null || missing+=("${tool#*:}")
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0
  [[ $(id -u) = 0 ]] && command -v apt-get >/dev/null || fail "install these first: ${missing[*]}"
  apt-get update --quiet --quiet
  DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --quiet --no-install-recommends "${missing[@]}" </dev/null
}

# package ARCHITECTURE
package() {
  case $1 in
    x64) machine=x86_64 debian=amd64 ;;
    arm64) machine=aarch64 debian=arm64 ;;
  esac
  local built=${programs:-dist}/linux-$1
  [[ -n $programs ]] || bash scripts/build.sh "$1" "$built"
  echo "package: $machine"
  tree=$work/userdocker-$version-linux-$machine root=$work/root-$machine
  make_tree "$built"
  make_tarball
  lay_out
  make_rpm
  make_deb
  rm -rf "$tree" "$root"
}

# make_tree PROGRAMS: what the tarball holds.
make_tree() {
  mkdir -p "$tree/dist"
  cp --recursive --parents "${release[@]}" "$tree"
  [[ ! -d completions ]] || cp --recursive completions "$tree"
  cp "$work/THIRD-PARTY" "$tree"
  cp "$1/userdocker" "$1/userdocker-admin" "$tree/dist"
}

# Owners, modes, order and times are those of nobody and nowhere.
make_tarball() {
  tar --create --directory="$work" --sort=name --format=gnu --owner=0 --group=0 --numeric-owner \
    --mode=u=rwX,go=rX --mtime="@$SOURCE_DATE_EPOCH" "$(basename "$tree")" |
    gzip -3n >"$work/made/$(basename "$tree").tar.gz"
}

# As install.sh in the tarball would install it. Packages live in /usr, /usr/local is the admin's.
lay_out() {
  (cd "$tree" && ./install.sh --destdir "$root" --prefix /usr --no-build) >"$work/log" || fail "$(cat "$work/log")"
  local documentation=$root/usr/share/doc/userdocker
  install -D --mode=644 LICENSE "$documentation/copyright"
  printf '\nWhat is built into the programs, and its licences: THIRD-PARTY.gz\n' >>"$documentation/copyright"
  install --mode=644 "${documents[@]}" "$documentation"
  gzip -9n <"$work/THIRD-PARTY" >"$documentation/THIRD-PARTY.gz"
  gzip -9n <CHANGELOG.md >"$documentation/changelog.gz"
  # dpkg-deb and rpmbuild only bring later times down to it.
  find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
}

make_rpm() {
  fill packaging/userdocker.spec >"$work/userdocker.spec"
  rpmbuild -bb --quiet --target "$machine-linux" --define "_topdir $work/rpmbuild" --define "_tmppath $work" \
    --define "_rpmdir $work/made" --define '_rpmfilename %{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm' \
    "$work/userdocker.spec" >"$work/log" 2>&1 || fail "$(cat "$work/log")"
}

make_deb() {
  local documentation=$root/usr/share/doc/userdocker control=$root/DEBIAN
  debian_changelog | gzip -9n >"$documentation/changelog.Debian.gz"
  install -D --mode=644 packaging/lintian-overrides "$root/usr/share/lintian/overrides/userdocker"
  mkdir "$control"
  # Where Debian's zsh looks for what packages bring along.
  mv "$root/usr/share/zsh/site-functions" "$root/usr/share/zsh/vendor-completions"
  (cd "$root" && find usr etc -type f ! -path "etc/*.d/*" -print0 | sort -z | xargs -0 md5sum) >"$work/md5sums"
  mv "$work/md5sums" "$control/md5sums"
  fill packaging/control >"$control/control"
  printf '%s\n' /etc/logrotate.d/userdocker /etc/sudoers.d/userdocker >"$control/conffiles"
  { script before && printf '\ncase $1 in install | upgrade) before_installation ;; esac\n'; } >"$control/preinst"
  { script after && printf '\ncase $1 in configure) after_installation ;; esac\n'; } >"$control/postinst"
  { script && printf '\ncase $1 in purge) purge || true ;; esac\n'; } >"$control/postrm"
  chmod 755 "$control"/{preinst,postinst,postrm}
  # gzip: every dpkg reads it. A higher level takes minutes for a percent.
  dpkg-deb --root-owner-group -Zgzip -z3 --build "$root" "$work/made/userdocker_$version-1_$debian.deb" >/dev/null
}

# fill TEMPLATE: @NAME@ in it become what they stand for.
fill() {
  local line
  while IFS= read -r line; do
    case $line in
      @DESCRIPTION@)
        # Debian's control files continue a field with a space.
        if [[ $1 = */control ]]; then sed 's/^/ /' packaging/description; else cat packaging/description; fi
        ;;
      # rpm reads % as the beginning of a macro.
      @BEFORE@) script before | sed 's/%/%%/g' ;;
      @AFTER@) script after | sed 's/%/%%/g' ;;
      @REMOVAL@) script | sed 's/%/%%/g' ;;
      @FILES@) list_files ;;
      *)
        line=${line//@VERSION@/$version} line=${line//@ARCHITECTURE@/$debian} line=${line//@MAINTAINER@/$maintainer}
        line=${line//@SIZE@/$(du --summarize --apparent-size --block-size=1024 "$root" | cut -f1)}
        printf '%s\n' "${line//@ROOT@/$root}"
        ;;
    esac
  done <"$1"
}

# script [before|after]: a script of the packages, but for its last line. Debian's and rpm's are the same.
script() {
  cat packaging/script-head.sh packaging/machine.sh
  [[ -z ${1-} ]] || cat "packaging/$1.sh"
  if [[ ${1-} = before ]]; then
    printf "\nnew_rule() {\n  cat <<'RULE'\n"
    cat "$root/etc/sudoers.d/userdocker"
    printf 'RULE\n}\n'
  fi
}

# For rpm: our own directories and those of the shells, which need not be there; all files, and which of them are an admin's to edit.
list_files() {
  find "$root" -mindepth 1 -type d -regextype posix-extended \
    -regex '.*/(userdocker.*|share/(bash-completion|fish|zsh)(/.*)?)' -printf '%%dir %%attr(%m,root,root) /%P\n' | sort
  find "$root" -type f -printf '%m /%P\n' | sort --key=2 | while read -r mode path; do
    case $path in
      /etc/sudoers.d/* | /etc/logrotate.d/*) echo "%config(noreplace) %attr($mode,root,root) $path" ;;
      *) echo "%attr($mode,root,root) $path" ;;
    esac
  done
}

debian_changelog() {
  printf '%s\n\n  * See changelog.gz.\n\n -- %s  %s\n' "userdocker ($version-1) unstable; urgency=medium" "$maintainer" \
    "$(date --date="@$SOURCE_DATE_EPOCH" --rfc-email)"
}

main "$@"
