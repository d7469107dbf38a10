#!/bin/bash
# in_database.sh PROGRAM...: runs it with TH_TEST_DATABASE naming a new, empty database of the same
# cluster, so that programs which end other sessions can run side by side; drops it afterwards.
[[ -n ${TH_TEST_DATABASE:-} ]] || { echo "TH_TEST_DATABASE is not set; ./dev test store sets it"; exit 2; }
[[ $TH_TEST_DATABASE == *://* ]] && { echo "TH_TEST_DATABASE must be a conninfo, not a URI"; exit 2; }
cluster=$TH_TEST_DATABASE
name=$(basename "$1" | tr -c 'a-z0-9_\n' _)_$$

admin() { psql -qX -v ON_ERROR_STOP=1 "$cluster" -c "$1"; }
drop() { admin "drop database if exists $name with (force)" 2>/dev/null; }

admin "create database $name" || exit 2
trap drop EXIT
trap 'exit 130' INT TERM
export TH_TEST_DATABASE="$cluster dbname=$name" # the last of two names counts
"$@"
