/*
 * version.h - versions of orchestrations: how they compare, and who may run which.
 */
#ifndef TH_BASE_VERSION_H
#define TH_BASE_VERSION_H

#include <stdbool.h>

/* versionMatchStrategy of host.json. */
typedef enum th_version_match {
    TH_MATCH_CURRENT_OR_OLDER, /* what runs it is as new as it is, or newer */
    TH_MATCH_STRICT,           /* the same */
    TH_MATCH_NONE              /* any */
} th_version_match;

/*
 * Below 0, 0, above 0. No version (NULL or blank) is older than any. Two of up to four numbers with
 * dots between them compare as such ("1.10" is newer than "1.9", "1.0" than "1"); all else as text,
 * in any ASCII case.
 */
int th_version_compare(const char *a, const char *b);

/* May what has version `mine` run an instance of version `wanted`? */
bool th_version_fits(th_version_match match, const char *mine, const char *wanted);

#endif
