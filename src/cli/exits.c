/*
 * exits.c - result codes to exit statuses.
 */
#include "cli/exits.h"

th_exit th_exit_of(th_rc rc)
{
    switch (rc) {
    case TH_OK:
        return TH_EXIT_OK;
    case TH_CONFIG:
        return TH_EXIT_CONFIG;
    case TH_DB:
    case TH_DB_LOST:
    case TH_DB_RETRY:
    case TH_DB_STORAGE:
    case TH_CONFLICT:
    case TH_UNAVAILABLE:
    case TH_SCHEMA:
        return TH_EXIT_DATABASE;
    default:
        return TH_EXIT_FAILED;
    }
}
