/*
 * command.h - a subcommand as one table entry: what it takes, what it does, its help.
 */
#ifndef TH_CLI_COMMAND_H
#define TH_CLI_COMMAND_H

#include <stddef.h>

#include "cli/args.h"
#include "cli/exits.h"

typedef struct th_command {
    const char *name;
    const char *operands; /* "ID EVENT"; NULL: none */
    const char *summary;  /* one line, in the list of commands */
    const char *text;     /* more, in its own help; NULL: none */
    const th_flag *flags;
    size_t n_flags;
    size_t min_operands, max_operands;
    const char *operand_name; /* for "... is missing" */
    th_exit (*run)(th_arena *arena, const th_args *args);
    const struct th_command *sub; /* instead of run: ends with an entry without a name */
} th_command;

/* argv without the names that led here; path is those names: "taskhub instance". */
th_exit th_command_main(const th_command *command, const char *path, int argc, char **argv);

extern const th_command th_cmd_start, th_cmd_migrate, th_cmd_hub, th_cmd_key, th_cmd_instance,
    th_cmd_schedule, th_cmd_activity, th_cmd_item;

/* "taskhub: <text>" on standard error; returns status. */
th_exit th_command_failed(th_exit status, const th_error *err);

#endif
