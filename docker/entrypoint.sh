#!/bin/sh
# Runs `taskhub` in a container: waits for the database, applies the schema, then becomes the program.
set -eu

: "${TASKHUB_DATABASE_URL:?set it to the conninfo or URI of the PostgreSQL that holds the hub}"
: "${TASKHUB_BIND:=0.0.0.0}"
export TASKHUB_BIND

if [ "${1:-start}" != start ]; then
    exec taskhub "$@"
fi
shift || true
[ $# -gt 0 ] || set -- /app

# Migrations run under one advisory lock, so any number of workers may try at once.
tries=0
until taskhub migrate; do
    tries=$((tries + 1))
    if [ "$tries" -ge 30 ]; then
        echo "taskhub: the database cannot be migrated; giving up after $tries tries" >&2
        exit 1
    fi
    sleep 2
done
exec taskhub start "$@"
