/*
 * settings.h - the settings of a function app: the environment, then `Values` of
 * local.settings.json.
 */
#ifndef TH_FUNCTIONS_SETTINGS_H
#define TH_FUNCTIONS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

/* Lines NAME=value, as in an environment. */
typedef struct th__settings {
    th_arena *arena;
    const char **lines; /* NULL at the end */
    size_t count, cap;
    const char *cors; /* Host.CORS; NULL: none */
    bool cors_credentials;
} th__settings;

/*
 * Reads both; the environment wins. TH_CONFIG: local.settings.json is no such file (encrypted,
 * not JSON, a value that is no text); the error names file and line.
 */
th_rc th__settings_read(th_arena *arena, const char *folder, th__settings *out,
                        th_error *err) TH_MUST_CHECK;

/* NULL: not set, or empty. */
const char *th__settings_get(const th__settings *settings, const char *name);

/* Sets what is not set yet; or whatever it was. */
void th__settings_default(th__settings *settings, const char *name, const char *value);
void th__settings_set(th__settings *settings, const char *name, const char *value);

/* text with each %NAME% replaced by the setting, in arena; a name that is not set stays as it is.
 */
const char *th__settings_expand(const th__settings *settings, th_arena *arena, const char *text);

#endif
