#!/bin/sh
# Installs what a target lacks, from the packages of Debian, and says what it does. What is there is left alone.
#
#   tools/install.sh build    a C compiler (SQLite and the allocator are compiled along)
#   tools/install.sh test     the same, PostgreSQL and MariaDB (only their programs are used, for throw-away servers) and Python
#   tools/install.sh bench    the same as build, PostgreSQL, the sqlite3 program, and Python with venv (the rivals come from PyPI)
#
# Rust itself is not installed: cargo must be there.
set -eu
cd "$(dirname "$0")/.."

say() { echo "install: $*"; }
fail() { echo "install: $*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

# Rust. A cargo that rustup put into the home folder counts although PATH may not name it yet.
need_cargo() {
    if ! has cargo && [ -x "${HOME:-/root}/.cargo/bin/cargo" ]; then
        fail "cargo is in ${HOME:-/root}/.cargo/bin but not in PATH; run: . \"${HOME:-/root}/.cargo/env\""
    fi
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
    has cargo || fail "cargo is not installed. Xinheng needs Rust $wanted or newer; see https://www.rust-lang.org/tools/install"
    has rustc || fail "rustc is not installed, although cargo is. Xinheng needs Rust $wanted or newer"
    found=$(rustc --version | awk '{ print $2 }')
    older=$(printf '%s\n%s\n' "$wanted" "${found%%-*}" | sort -V | head -n 1)
    [ "$older" = "$wanted" ] || fail "Rust $found is too old. Xinheng needs Rust $wanted or newer (rustup update)"
}

need_compiler() {
    has cc && has c++ && [ -e /usr/include/stdlib.h ] || missing="$missing build-essential"
}

need_postgresql() {
    if [ -n "${XINHENG_TEST_PG:-}" ] || [ -n "${XINHENG_PG_BIN:-}" ] || has initdb; then return; fi
    for folder in /usr/lib/postgresql/*/bin; do
        if [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ]; then return; fi
    done
    missing="$missing postgresql"
}

need_mariadb() {
    if has mariadbd || [ -x /usr/sbin/mariadbd ]; then return; fi
    missing="$missing mariadb-server"
}

need_python() {
    if ! has python3; then
        missing="$missing python3"
    elif ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))'; then
        fail "$(python3 --version) is too old; Python 3.9 or newer is needed"
    fi
}

need_sqlite3() {
    has sqlite3 || missing="$missing sqlite3"
}

need_venv() {
    if ! has python3 || ! python3 -c 'import venv, ensurepip' 2>/dev/null; then missing="$missing python3-venv"; fi
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif [ -t 0 ]; then
        sudo "$@"
    else
        # Nobody is there to type a password.
        sudo -n "$@"
    fi
}

install_missing() {
    missing=${missing# }
    [ -n "$missing" ] || return 0
    has apt-get || fail "these are missing, and this is not a Debian system, so install them by hand: $missing"
    [ "$(id -u)" -eq 0 ] || has sudo || fail "these are missing; run as root: apt-get install $missing"
    say "installing Debian packages: $missing"
    # A package list of yesterday is better than none.
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq update \
        || say "the package lists could not be refreshed; trying with those at hand"
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq -y --no-install-recommends \
        install $missing ca-certificates </dev/null \
        || fail "apt-get could not install: $missing"
    say "done: $missing"
}

missing=
case "${1:-}" in
    build) need_cargo; need_compiler ;;
    test) need_cargo; need_compiler; need_postgresql; need_mariadb; need_python ;;
    bench) need_cargo; need_compiler; need_postgresql; need_sqlite3; need_python; need_venv ;;
    *) fail "usage: tools/install.sh build|test|bench" ;;
esac
install_missing
