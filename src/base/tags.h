/*
 * tags.h - tags of instances and activities: a JSON object whose values are strings. The rule of
 * taskhub.check_tags.
 */
#ifndef TH_BASE_TAGS_H
#define TH_BASE_TAGS_H

#include <stddef.h>

/* text ends with a NUL behind its n bytes. A phrase that says what is wrong with them; NULL: fine.
 */
const char *th_tags_problem(const char *text, size_t n);

#endif
