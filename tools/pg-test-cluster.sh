#!/bin/sh
# A throw-away PostgreSQL cluster for tests. It installs nothing.
#
#   eval "$(tools/pg-test-cluster.sh start)"   starts it (or finds it running) and sets XINHENG_TEST_PG
#   tools/pg-test-cluster.sh stop              stops it and removes its folder
#
# XINHENG_PG_BIN    folder of initdb and pg_ctl (found by itself on Debian, or in PATH)
# XINHENG_PG_DIR    folder of the cluster (default: ${TMPDIR:-/tmp}/xinheng-test-pg-<uid>)
#
# Data is not flushed to disk (fsync off) and anyone on this machine may connect (trust, 127.0.0.1 only).
set -eu

base=${XINHENG_PG_DIR:-${TMPDIR:-/tmp}/xinheng-test-pg-$(id -u)}
data=$base/data
say() { echo "pg-test-cluster: $*" >&2; }

find_bin() {
    if [ -n "${XINHENG_PG_BIN:-}" ]; then echo "$XINHENG_PG_BIN"; return; fi
    # Debian keeps each version in its own folder; the newest wins.
    newest=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5,5n | tail -n 1)
    if [ -n "$newest" ] && [ -x "$newest/initdb" ]; then echo "$newest"; return; fi
    if command -v initdb >/dev/null 2>&1; then dirname "$(command -v initdb)"; return; fi
    say "PostgreSQL is not installed (no initdb in /usr/lib/postgresql/*/bin or PATH); set XINHENG_PG_BIN"
    exit 1
}

# initdb and postgres refuse to run as root; then the user that the package made does it.
as_owner() {
    if [ "$(id -u)" -eq 0 ]; then
        su postgres -s /bin/sh -c 'cd / && exec "$@"' -- sh "$@"
    else
        "$@"
    fi
}

running() {
    [ -s "$data/postmaster.pid" ] && as_owner "$bin/pg_ctl" -D "$data" status >/dev/null 2>&1
}

url() {
    port=$(sed -n 4p "$data/postmaster.pid")
    echo "export XINHENG_TEST_PG=postgres://postgres@127.0.0.1:$port/postgres"
}

# Asks the system for a free port, by whatever is at hand.
free_port() {
    if command -v python3 >/dev/null 2>&1; then
        python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
    else
        awk 'BEGIN { srand(); print 20000 + int(rand() * 30000) }'
    fi
}

start() {
    if running; then url; return; fi
    rm -rf "$base"
    mkdir -p "$base"
    chmod 755 "$base"
    if [ "$(id -u)" -eq 0 ]; then chown postgres "$base"; fi
    as_owner "$bin/initdb" -D "$data" -U postgres --auth=trust --encoding=UTF8 --locale=C --no-sync \
        >"$base/initdb.log" 2>&1 || { say "initdb failed:"; cat "$base/initdb.log" >&2; exit 1; }
    cat >>"$data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 300
shared_buffers = 256MB
max_wal_size = 4GB
log_min_messages = warning
CONF
    # Another program may take the port between asking and binding: try a few.
    for _ in 1 2 3 4 5; do
        if as_owner "$bin/pg_ctl" -D "$data" -o "-p $(free_port)" -l "$base/server.log" -w -t 60 start \
            >"$base/start.log" 2>&1 </dev/null; then
            url
            return
        fi
    done
    say "the server did not start:"
    cat "$base/start.log" "$base/server.log" >&2
    exit 1
}

stop() {
    if running; then as_owner "$bin/pg_ctl" -D "$data" -m immediate -w stop >/dev/null; fi
    rm -rf "$base"
}

bin=$(find_bin)
case "${1:-}" in
    start)
        # Two starts at once: the second waits and finds the first one's cluster.
        exec 9>"$base.lock"
        if command -v flock >/dev/null 2>&1; then flock 9; fi
        # The server must not inherit the lock.
        start 9>&-
        ;;
    stop) stop ;;
    *) say "usage: $0 start|stop"; exit 2 ;;
esac
