/*
 * args.h - a subcommand's flags from a table; the same table writes its help.
 *
 * "--name value", "--name=value" and, for flags without a value, "--name". Of a flag given twice
 * the last one counts. "--" ends the flags; everything else is an operand. -h and --help are known
 * to every command.
 */
#ifndef TH_CLI_ARGS_H
#define TH_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/config.h"
#include "base/error.h"

typedef struct th_flag {
    const char *name;    /* without dashes */
    const char *value;   /* what its value is, for the help; NULL: it takes none */
    const char *setting; /* the field of th_config that it sets; NULL: the command's own */
    const char *help;    /* may have several lines */
} th_flag;

typedef struct th_args {
    const th_flag *flags;
    size_t n_flags;
    char **values;   /* by flag; NULL: not given; "" for a flag without a value */
    char **operands; /* NULL-terminated; point into argv, as the values do */
    size_t n_operands;
    bool help;
} th_args;

/* argv without the command's name. TH_INVALID: an unknown flag, a value missing or too much. */
th_rc th_args_parse(th_arena *arena, const th_flag *flags, size_t n_flags, int argc, char **argv,
                    th_args *out, th_error *err) TH_MUST_CHECK;

/* NULL: not given. The name must be in the table. */
char *th_args_get(const th_args *args, const char *name);

/* TH_INVALID unless there are at least min and at most max operands; what: "an instance id". */
th_rc th_args_operands(const th_args *args, size_t min, size_t max, const char *what,
                       th_error *err) TH_MUST_CHECK;

/* Hands the flags that have a setting to the configuration. */
th_rc th_args_configure(const th_args *args, th_config *config, th_error *err) TH_MUST_CHECK;

/* One paragraph a flag. */
void th_args_help(const th_flag *flags, size_t n_flags, FILE *out);

#endif
