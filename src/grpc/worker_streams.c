/*
 * worker_streams.c - who can run what, and who gets the next item: the one that has least.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "grpc/workers_int.h"

#define QUIET (25 * TH__SECOND) /* SDKs drop a stream that is silent for two minutes */

static bool has_version(const th__filter *f, const char *version)
{
    for (size_t i = 0; i < f->version_count; i++)
        if (strcmp(f->versions[i], version ? version : "") == 0)
            return true;
    return f->version_count == 0;
}

static bool accepts(const th__stream *s, th_item_kind kind, const char *name, const char *version)
{
    if (s->any)
        return true;
    for (size_t i = 0; i < s->filter_count[kind]; i++) {
        const th__filter *f = &s->filters[kind][i];
        bool named =
            kind == TH_ITEM_ENTITY ? strcasecmp(f->name, name) == 0 : strcmp(f->name, name) == 0;
        if (named && has_version(f, version))
            return true;
    }
    return false;
}

bool th__streams_accept(const th_workers *w, th_item_kind kind, const char *name,
                        const char *version)
{
    for (const th__stream *s = w->streams; s; s = s->next)
        if (accepts(s, kind, name, version))
            return true;
    return false;
}

static bool has_room(const th__stream *s, th_item_kind kind)
{
    return s->most[kind] == 0 || s->out[kind] < s->most[kind];
}

static th__stream *choose(th_workers *w, const th__work *item)
{
    th__stream *best = NULL;

    for (th__stream *s = w->streams; s; s = s->next)
        if (has_room(s, item->kind) && accepts(s, item->kind, item->name, item->version) &&
            (!best || s->out[item->kind] < best->out[item->kind]))
            best = s;
    return best;
}

bool th__streams_send(th_workers *w, th__work *item)
{
    th__stream *s = choose(w, item);

    /* To a client that has just gone it is lost, and comes back as all that it had. */
    if (!s || (item->kind == TH_ITEM_ORCHESTRATOR && !th__orch_pack(item, s->streams)))
        return false;
    th_call_send(s->rpc->call, item->bytes, item->n);
    s->said_us = th_mono_us();
    s->out[item->kind]++;
    item->stream = s;
    item->was_out = true;
    item->give_up_us = 0;
    return true;
}

void th__streams_offer(th_workers *w)
{
    for (size_t i = 0; w->waiting && i < TH__ITEM_SLOTS; i++)
        for (th__work *item = w->slots[i]; item; item = item->next)
            if (!item->stream && !item->was_out && th__streams_send(w, item))
                w->waiting--;
}

void th__streams_ping(th_workers *w, int64_t now_us)
{
    WorkItem work = WORK_ITEM__INIT;
    HealthPing ping = HEALTH_PING__INIT;
    uint8_t bytes[16];

    work.request_case = WORK_ITEM__REQUEST_HEALTH_PING;
    work.healthping = &ping;
    size_t n = work_item__pack(&work, bytes);
    for (th__stream *s = w->streams; s; s = s->next) {
        if (now_us - s->said_us < QUIET)
            continue;
        th_call_send(s->rpc->call, bytes, n);
        s->said_us = now_us;
    }
}

static char *lower(th_arena *arena, const char *name)
{
    char *copy = th_strdup(arena, name);

    for (char *c = copy; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return copy;
}

const char *const *th__streams_names(th_workers *w, th_item_kind kind, th_arena *arena,
                                     size_t *count)
{
    size_t most = 1;

    for (const th__stream *s = w->streams; s; s = s->next)
        most += s->any ? 1 : s->filter_count[kind];
    const char **names = th_new(arena, const char *, most);
    *count = 0;
    for (const th__stream *s = w->streams; s; s = s->next) {
        if (s->any)
            names[(*count)++] = "*";
        for (size_t i = 0; !s->any && i < s->filter_count[kind]; i++)
            names[(*count)++] = lower(arena, s->filters[kind][i].name);
    }
    return names;
}
