/*
 * exits.h - what the program's exit status says; documented in docs/configuration.md.
 */
#ifndef TH_CLI_EXITS_H
#define TH_CLI_EXITS_H

#include "base/error.h"

typedef enum th_exit {
    TH_EXIT_OK = 0,
    TH_EXIT_FAILED = 1,   /* the command could not do what was asked */
    TH_EXIT_USAGE = 2,    /* the command line makes no sense */
    TH_EXIT_CONFIG = 3,   /* host.json, environment, a flag's value, or an app that does not load */
    TH_EXIT_DATABASE = 4, /* no database, or one that refuses */
    TH_EXIT_PORT = 5,     /* the HTTP or gRPC address cannot be had */
} th_exit;

th_exit th_exit_of(th_rc rc);

#endif
