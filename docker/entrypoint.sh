#!/bin/sh
# Runs `taskhub` in a container: waits for the database, applies the schema, then becomes the program.
#
# It listens on all addresses of the container, so requests need an access key (`taskhub key create`).
set -eu

: "${TASKHUB_DATABASE_URL:?set it to the conninfo or URI of the PostgreSQL that holds the hub}"
: "${TASKHUB_BIND:=0.0.0.0}"
export TASKHUB_BIND

if [ "${1:-start}" != start ]; then
    exec taskhub "$@"
fi
shift || true
[ $# -gt 0 ] || set -- /app # the image's app

# Migrations run under one advisory lock, so any number of workers may try at once. 4: no database yet.
tries=0
while :; do
    rc=0
    taskhub migrate || rc=$?
    [ "$rc" -ne 0 ] || break
    tries=$((tries + 1))
    if [ "$rc" -ne 4 ] || [ "$tries" -ge 30 ]; then
        echo "taskhub: the schema cannot be applied; giving up after try $tries" >&2
        exit "$rc"
    fi
    sleep 2
done
exec taskhub start "$@"
