#!/bin/bash
# Holds the includes under src/ to the table of rooms, and libpq to the rooms that may talk to it.
# check.sh [TREE]: another tree than this checkout, for check_test.sh.
cd "${1:-$(dirname "$0")/../..}" || exit 1
declare -A may=(
    [base]="" [store]="base" [engine]="store base" [runtime]="engine store base" [wire]="base"
    [http]="engine store base" [grpc]="wire engine store base" [functions]="engine base"
    [cli]="functions grpc http runtime wire engine store base" [sdk]=""
)
bad=0
complain() { echo "$1" && bad=1; }

for room in src/*/; do
    room=$(basename "$room")
    [[ -v may[$room] || $room == web ]] || complain "src/$room/ is not in the table of rooms"
done

# file:line:#include "room/header.h"
while IFS=: read -r file line text; do
    room=${file#src/} room=${room%%/*}
    path=${text#*\"} path=${path%%\"*} to=${path%%/*}
    if [[ $path != */* || $path == ./* || $path == ../* ]]; then
        complain "$file:$line: include \"$path\" as \"room/file.h\""
    elif [[ $room == functions && ( $path == http/router.h || $path == http/trigger.h ) ]]; then
        continue # the headers of http that functions may see
    elif [[ $room != "$to" && " ${may[$room]} " != *" $to "* ]]; then
        complain "$file:$line: $room may not include $path"
    elif [[ $room != "$to" && $path == *_int.h ]]; then
        complain "$file:$line: $path is for the room $to alone"
    fi
done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]+"' src --include='*.[ch]')

# libpq: its header and its calls.
while IFS=: read -r file line text; do
    [[ $file == src/store/* || $file == src/sdk/* ]] ||
        complain "$file:$line: libpq belongs to the rooms store and sdk"
done < <(grep -rnE '\bPQ[a-zA-Z]+\(|#[[:space:]]*include[[:space:]]*<(postgresql/)?libpq-fe\.h>' src --include='*.[ch]')
exit $bad
