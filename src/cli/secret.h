/*
 * secret.h - passwords in connection strings: kept off the process list and out of the log.
 *
 * Works on the text alone, so that it also holds for texts that libpq would refuse.
 */
#ifndef TH_CLI_SECRET_H
#define TH_CLI_SECRET_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"

/* Overwrites the password of a URI or of key=value pairs with x, in place. True: there was one. */
bool th_secret_hide(char *conninfo);

/* The first line of a file that holds nothing else but blank lines; for --database-file. TH_CONFIG.
 */
th_rc th_secret_file(th_arena *arena, const char *file, const char **out,
                     th_error *err) TH_MUST_CHECK;

#endif
