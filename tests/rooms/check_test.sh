#!/bin/bash
# The check of the rooms finds each kind of offence, and lets an orderly tree pass.
here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d) || exit 1
trap 'rm -rf "$tree"' EXIT
passed=0
failed=0

# given FILE TEXT: one more source file in the tree
given() {
    mkdir -p "$tree/$(dirname "$1")" && printf '%s\n' "$2" >"$tree/$1"
}

# then_check NAME WANTED TEXT: the check's exit code, and a piece of what it says
then_check() {
    local said rc
    said=$("$here/check.sh" "$tree")
    rc=$?
    if [[ $rc == "$2" && $said == *"$3"* ]]; then
        ((passed++))
    else
        ((failed++))
        echo "FAILED $1: exit $rc, said: $said"
    fi
    rm -rf "$tree/src"
}

given src/engine/pump.c '#include "store/batch.h"'
given src/store/batch.c '#include <libpq-fe.h>
void f(PGresult *r) { PQclear(r); }'
given src/functions/app.c '#include "http/router.h"'
then_check an_orderly_tree_passes 0 ''

given src/store/batch.c '#include "engine/event.h"'
then_check an_include_that_points_up_is_found 1 'src/store/batch.c:1: store may not include engine/event.h'

given src/http/server.c '#include "runtime/native.h"'
then_check an_include_of_the_same_level_is_found 1 'http may not include runtime/native.h'

given src/functions/app.c '#include "http/server.h"'
then_check functions_sees_one_header_of_http_only 1 'functions may not include http/server.h'

given src/engine/pump.c '#  include   "store/store_int.h"'
then_check an_inner_header_of_another_room_is_found 1 'store/store_int.h is for the room store alone'

given src/store/batch.c '#include "../engine/event.h"'
then_check a_relative_include_is_found 1 'as "room/file.h"'

given src/engine/pump.c 'int f(void *r) { return PQntuples(r); }'
then_check a_libpq_call_outside_the_store_is_found 1 'libpq belongs to'

given src/http/server.c '#include <libpq-fe.h>'
then_check the_libpq_header_outside_the_store_is_found 1 'libpq belongs to'

given src/util/misc.c 'int f(void);'
then_check a_folder_that_is_no_room_is_found 1 'src/util/ is not in the table'

echo "$passed passed, $failed failed"
((failed == 0))
