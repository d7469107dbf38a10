/*
 * watch.h - whether files of apps have changed: for `taskhub start --watch`.
 *
 * Looks at the code and the settings below a few folders, a few times a second. What stands in
 * folders of packages, of tools and of the system (node_modules, virtual environments, names that
 * begin with a dot) is not looked at.
 */
#ifndef TH_CLI_WATCH_H
#define TH_CLI_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TH_WATCH_FOLDERS = 64 };

typedef struct th_watch {
    const char *folders[TH_WATCH_FOLDERS]; /* the caller's */
    size_t count;
    uint64_t was, saw; /* what they were like at first, and when they were last looked at */
} th_watch;

/* Adds a folder; more than there is room for are left out. */
void th_watch_add(th_watch *watch, const char *folder);

/* What is there now is what changes are told from. */
void th_watch_begin(th_watch *watch);

/* Looks. True once something differs and stands still since the last look: files are written in
 * pieces, and often several at a time. */
bool th_watch_changed(th_watch *watch);

#endif
