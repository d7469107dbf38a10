/*
 * args.c - flags and operands of one subcommand.
 */
#include "cli/args.h"

#include <string.h>

static const th_flag *flag_named(const th_args *args, const char *name, size_t n)
{
    for (size_t i = 0; i < args->n_flags; i++)
        if (strlen(args->flags[i].name) == n && strncmp(args->flags[i].name, name, n) == 0)
            return &args->flags[i];
    return NULL;
}

/* Takes the flag at argv[*i], and its value if that is the next word. */
static th_rc take_flag(th_args *args, int argc, char **argv, int *i, th_error *err)
{
    static char given[] = "";
    char *name = argv[*i] + 2;
    char *equals = strchr(name, '=');
    size_t n = equals ? (size_t)(equals - name) : strlen(name);

    const th_flag *flag = flag_named(args, name, n);
    if (!flag)
        return th_fail(err, TH_INVALID, "unknown option --%.*s", (int)(n > 60 ? 60 : n), name);
    char **value = &args->values[flag - args->flags];

    if (!flag->value) {
        *value = given;
        return equals ? th_fail(err, TH_INVALID, "--%s takes no value", flag->name) : TH_OK;
    }
    if (!equals && *i + 1 >= argc)
        return th_fail(err, TH_INVALID, "--%s needs a value: %s", flag->name, flag->value);
    *value = equals ? equals + 1 : argv[++*i];
    return TH_OK;
}

static th_rc take_word(th_args *args, int argc, char **argv, int *i, bool *ended, th_error *err)
{
    char *word = argv[*i];

    if (*ended || word[0] != '-' || word[1] == '\0') {
        args->operands[args->n_operands++] = word;
        return TH_OK;
    }
    if (strcmp(word, "--") == 0) {
        *ended = true;
        return TH_OK;
    }
    if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
        args->help = true;
        return TH_OK;
    }
    if (word[1] != '-')
        return th_fail(err, TH_INVALID, "unknown option %.60s", word);
    return take_flag(args, argc, argv, i, err);
}

th_rc th_args_parse(th_arena *arena, const th_flag *flags, size_t n_flags, int argc, char **argv,
                    th_args *out, th_error *err)
{
    bool ended = false;

    *out = (th_args){ .flags = flags, .n_flags = n_flags };
    out->values = th_new(arena, char *, n_flags + 1);
    out->operands = th_new(arena, char *, (size_t)argc + 1);
    for (int i = 0; i < argc; i++) {
        th_rc rc = take_word(out, argc, argv, &i, &ended, err);
        if (rc != TH_OK)
            return rc;
    }
    return TH_OK;
}

char *th_args_get(const th_args *args, const char *name)
{
    const th_flag *flag = flag_named(args, name, strlen(name));

    return flag ? args->values[flag - args->flags] : NULL;
}

th_rc th_args_operands(const th_args *args, size_t min, size_t max, const char *what, th_error *err)
{
    if (args->n_operands < min)
        return th_fail(err, TH_INVALID, "%s is missing", what);
    if (args->n_operands > max)
        return th_fail(err, TH_INVALID, "'%.100s' is one word too many", args->operands[max]);
    return TH_OK;
}

/* The configuration reports under the setting's name; people know the flag's. */
static th_rc setting_failed(const th_flag *flag, const th_error *why, th_error *err)
{
    const char *colon = strstr(why->text, ": ");

    return th_fail(err, why->rc, "--%s: %s", flag->name, colon ? colon + 2 : why->text);
}

th_rc th_args_configure(const th_args *args, th_config *config, th_error *err)
{
    for (size_t i = 0; i < args->n_flags; i++) {
        const th_flag *flag = &args->flags[i];
        th_error why = { 0 };

        if (!flag->setting || !args->values[i])
            continue;
        const char *value = flag->value ? args->values[i] : NULL;
        th_rc rc = th_config_set(config, flag->setting, value, TH_FROM_FLAG, &why);
        if (rc != TH_OK)
            return setting_failed(flag, &why, err);
    }
    return TH_OK;
}

enum { HELP_COLUMN = 26 };

static void help_lines(const char *help, int column, FILE *out)
{
    for (const char *line = help; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        size_t n = strcspn(line, "\n");
        fprintf(out, "%*s%.*s\n", column, "", (int)n, line);
        column = HELP_COLUMN;
    }
}

void th_args_help(const th_flag *flags, size_t n_flags, FILE *out)
{
    for (size_t i = 0; i < n_flags; i++) {
        const th_flag *flag = &flags[i];
        int width = fprintf(out, "  --%s%s%s", flag->name, flag->value ? " " : "",
                            flag->value ? flag->value : "");
        if (width > HELP_COLUMN - 2) {
            fputc('\n', out);
            width = 0;
        }
        help_lines(flag->help, HELP_COLUMN - width, out);
    }
}
