/*
 * command.c - finds the command that the words name, reads its flags, runs it or prints its help.
 */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

th_exit th_command_failed(th_exit status, const th_error *err)
{
    fprintf(stderr, "taskhub: %s\n", err->text);
    return status;
}

static th_exit usage_error(const char *path, const th_error *err)
{
    th_command_failed(TH_EXIT_USAGE, err);
    fprintf(stderr, "Try `%s --help`.\n", path);
    return TH_EXIT_USAGE;
}

static void print_help(const th_command *command, const char *path, FILE *out)
{
    fprintf(out, "Usage: %s%s%s%s%s\n\n%s.\n", path, command->sub ? " COMMAND" : "",
            command->n_flags ? " [OPTION...]" : "", command->operands ? " " : "",
            command->operands ? command->operands : "", command->summary);
    if (command->sub) {
        fputs("\nCommands:\n", out);
        for (const th_command *sub = command->sub; sub->name; sub++)
            fprintf(out, "  %-24s%s\n", sub->name, sub->summary);
    }
    if (command->n_flags) {
        fputs("\nOptions:\n", out);
        th_args_help(command->flags, command->n_flags, out);
    }
    if (command->text)
        fprintf(out, "\n%s", command->text);
}

static th_exit finish_output(th_exit status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fputs("taskhub: cannot write to standard output\n", stderr);
    return status == TH_EXIT_OK ? TH_EXIT_FAILED : status;
}

static th_exit run_leaf(const th_command *command, const char *path, int argc, char **argv)
{
    th_args args;
    th_error err = { 0 };
    th_exit status = TH_EXIT_OK;
    th_arena *arena = th_arena_new(0);

    th_rc rc = th_args_parse(arena, command->flags, command->n_flags, argc, argv, &args, &err);
    if (rc == TH_OK && !args.help)
        rc = th_args_operands(&args, command->min_operands, command->max_operands,
                              command->operand_name, &err);
    if (rc != TH_OK)
        status = usage_error(path, &err);
    else if (args.help)
        print_help(command, path, stdout);
    else
        status = command->run(arena, &args);
    th_arena_free(arena);
    return finish_output(status);
}

static const th_command *sub_named(const th_command *command, const char *name)
{
    for (const th_command *sub = command->sub; sub->name; sub++)
        if (strcmp(sub->name, name) == 0)
            return sub;
    return NULL;
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

th_exit th_command_main(const th_command *command, const char *path, int argc, char **argv)
{
    char longer[128];
    th_error err = { 0 };

    if (!command->sub)
        return run_leaf(command, path, argc, argv);
    if (argc == 0) {
        print_help(command, path, stderr);
        return TH_EXIT_USAGE;
    }
    if (asks_for_help(argv[0])) {
        print_help(command, path, stdout);
        return finish_output(TH_EXIT_OK);
    }
    const th_command *sub = sub_named(command, argv[0]);
    if (!sub) {
        th_fail(&err, TH_INVALID, "there is no command '%.60s'", argv[0]);
        return usage_error(path, &err);
    }
    snprintf(longer, sizeof(longer), "%s %s", path, sub->name);
    return th_command_main(sub, longer, argc - 1, argv + 1);
}
