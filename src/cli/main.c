/*
 * main.c - the program taskhub: its subcommands.
 */
#include <stdio.h>

#include "cli/command.h"

static th_exit run_version(th_arena *arena, const th_args *args)
{
    (void)arena;
    (void)args;
    printf("taskhub %s\n", TH_VERSION);
    return TH_EXIT_OK;
}

int main(int argc, char **argv)
{
    const th_command commands[] = {
        th_cmd_start,
        th_cmd_migrate,
        th_cmd_hub,
        th_cmd_key,
        th_cmd_instance,
        th_cmd_item,
        th_cmd_schedule,
        th_cmd_activity,
        { .name = "version", .summary = "Prints the program's version", .run = run_version },
        { 0 },
    };
    const th_command taskhub = {
        .summary = "Durable Functions on your own PostgreSQL",
        .text = "`taskhub COMMAND --help` says more. To begin with: taskhub start APP\n"
                "\n"
                "Exit status: 0 done, 1 failed, 2 wrong usage, 3 bad configuration or app,\n"
                "4 no database or one that refuses, 5 the HTTP address cannot be had.\n",
        .sub = commands,
    };

    return (int)th_command_main(&taskhub, "taskhub", argc - 1, argv + 1);
}
