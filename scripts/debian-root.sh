#!/usr/bin/env bash
# scripts/debian-root.sh DIRECTORY: a small Debian of this machine's release, with docker and sudo, from this machine's
# mirror, for the tests of the packages. One that is younger than a day is left as it is.
set -euo pipefail

directory=$(realpath --canonicalize-missing "$1")
ready=$directory/.ready
mkdir -p "$(dirname "$directory")"
# A second call waits for the first.
exec {lock}>"$directory.lock"
flock "$lock"
[[ -z $(find "$ready" -mtime -1 2>/dev/null) ]] || exit 0
rm -rf --one-file-system "$directory"

sources=$(apt-get indextargets --format 'deb $(REPO_URI) $(CODENAME) $(COMPONENT)' \
  'Created-By: Packages' 'Origin: Debian' | sort --unique)
[[ -n $sources ]] || { echo "debian-root: apt knows no Debian here: apt-get update" >&2 && exit 1; }

# Neither manuals nor translations, and no waiting for the disk: it is thrown away again.
mmdebstrap --variant=minbase --include=sudo,docker.io,iptables,busybox-static,logrotate \
  --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --aptopt='Acquire::Languages "none"' \
  '' "$directory" - <<<"$sources"
# What is installed there later is installed whole.
echo force-unsafe-io >"$directory/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
touch "$ready"
