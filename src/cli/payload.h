/*
 * payload.h - a JSON text given on the command line or in a file.
 */
#ifndef TH_CLI_PAYLOAD_H
#define TH_CLI_PAYLOAD_H

#include "cli/args.h"

/*
 * --<flag> TEXT or --<flag>-file FILE ("-": standard input); NULL: neither. TH_CONFIG: both, not
 * readable, too large. TH_INVALID: not JSON.
 */
th_rc th_payload_get(th_arena *arena, const th_args *args, const char *flag, const char **out,
                     th_error *err) TH_MUST_CHECK;

#endif
