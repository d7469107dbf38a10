/* config_value.c - a setting's value from text; each rule is a phrase that follows the name. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base_int.h"

static bool parse_i64(const char *text, int64_t *out)
{
    char *end;

    if (text[0] != '-' && (text[0] < '0' || text[0] > '9'))
        return false; /* strtoll would skip space */
    errno = 0;
    *out = strtoll(text, &end, 10);
    return errno == 0 && *end == '\0' && end != text;
}

static const char *parse_int(const th__setting *setting, const char *text, th__value *out,
                             char problem[TH__PROBLEM])
{
    if (parse_i64(text, &out->i) && out->i >= setting->min && out->i <= setting->max)
        return NULL;
    snprintf(problem, TH__PROBLEM, "must be an integer from %lld to %lld", (long long)setting->min,
             (long long)setting->max);
    return problem;
}

/* "none" is 0. */
static const char *parse_port(const th__setting *setting, const char *text, th__value *out,
                              char problem[TH__PROBLEM])
{
    size_t n;

    out->i = 0;
    if (strcasecmp(text, "none") == 0 || !parse_int(setting, text, out, problem))
        return NULL;
    n = strlen(problem);
    snprintf(problem + n, TH__PROBLEM - n, ", or none");
    return problem;
}

static const char *parse_bool(const char *text, th__value *out)
{
    static const char *const words[] = { "false", "0", "no", "true", "1", "yes" };

    for (int i = 0; i < 6; i++) {
        if (strcasecmp(text, words[i]) == 0) {
            out->i = i >= 3;
            return NULL;
        }
    }
    return "must be true or false";
}

static const char *parse_duration(const char *text, th__value *out)
{
    return th_duration_parse(text, &out->i) && out->i > 0
               ? NULL
               : "must be a duration above zero, like 00:00:30";
}

static const char *parse_timeout(const char *text, th__value *out)
{
    out->i = -1;
    if (strcmp(text, "-1") == 0 || parse_duration(text, out) == NULL)
        return NULL;
    return "must be a duration above zero, like 00:10:00, or \"-1\" for none";
}

static const char *parse_states(const char *text, th__value *out)
{
    out->i = strcasecmp(text, "AnyState") == 0;
    return out->i || strcasecmp(text, "NonRunningStates") == 0
               ? NULL
               : "must be NonRunningStates or AnyState";
}

const char *const th__match_names[3] = { "CurrentOrOlder", "Strict", "None" };

static const char *parse_match(const char *text, th__value *out)
{
    for (out->i = 0; out->i < 3; out->i++)
        if (strcasecmp(text, th__match_names[out->i]) == 0)
            return NULL;
    return "must be None, Strict or CurrentOrOlder";
}

static const char *parse_failing(const char *text, th__value *out)
{
    out->i = strcasecmp(text, "Fail") == 0;
    return out->i || strcasecmp(text, "Reject") == 0 ? NULL : "must be Reject or Fail";
}

/* What can stand in a path as it is; the slashes at the ends go when it is stored. */
static const char *parse_route(const char *text, th__value *out)
{
    for (const char *p = text; *p; p++) {
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                     (*p >= '0' && *p <= '9') || strchr("-._~/", *p);

        if (!plain)
            return "must consist of letters, digits and '-', '.', '_', '~', '/'";
    }
    out->s = text;
    return NULL;
}

/* What can stand in a header as it is. Never quoted in the phrase. */
static const char *parse_key(const th__setting *setting, const char *text, th__value *out,
                             char problem[TH__PROBLEM])
{
    size_t n = strlen(text);
    bool fits = n >= (size_t)setting->min && n <= (size_t)setting->max;

    for (size_t i = 0; i < n && fits; i++)
        fits = text[i] > ' ' && text[i] <= '~';
    out->s = text;
    if (fits)
        return NULL;
    snprintf(problem, TH__PROBLEM, "must be %d to %d characters of ASCII without blanks",
             (int)setting->min, (int)setting->max);
    return problem;
}

static const char *parse_level(const char *text, th__value *out)
{
    th_log_level level;

    if (!th_log_level_parse(text, &level))
        return "must be debug, info, warn, error or off";
    out->i = (int64_t)level;
    return NULL;
}

static const char *parse_format(const char *text, th__value *out)
{
    th_log_format format;

    if (!th_log_format_parse(text, &format))
        return "must be text or json";
    out->i = (int64_t)format;
    return NULL;
}

const char *th__setting_parse(const th__setting *setting, const char *text, th__value *out,
                              char problem[TH__PROBLEM])
{
    switch (setting->kind) {
    case TH__STR:
        out->s = text;
        return text[0] || setting->min == 0 ? NULL : "must not be empty";
    case TH__LIST:
        out->s = text;
        return NULL;
    case TH__INT:
    case TH__SIZE:
        return parse_int(setting, text, out, problem);
    case TH__PORT:
        return parse_port(setting, text, out, problem);
    case TH__BOOL:
        return parse_bool(text, out);
    case TH__DURATION:
        return parse_duration(text, out);
    case TH__TIMEOUT:
        return parse_timeout(text, out);
    case TH__STATES:
        return parse_states(text, out);
    case TH__MATCH:
        return parse_match(text, out);
    case TH__FAILING:
        return parse_failing(text, out);
    case TH__ROUTE:
        return parse_route(text, out);
    case TH__KEY:
        return parse_key(setting, text, out, problem);
    case TH__LEVEL:
        return parse_level(text, out);
    case TH__FORMAT:
        return parse_format(text, out);
    }
    return "is of no known kind";
}
