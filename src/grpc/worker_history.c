/*
 * worker_history.c - a long past, fetched by the worker that has the item: as it would have stood
 * in the item, in messages of a size that every client takes.
 *
 * Both are events one behind the other, each with the tag of its field: only the tag differs.
 */
#include <string.h>

#include "grpc/workers_int.h"

enum { CHUNK_TAG = 1 << 3 | 2 }; /* HistoryChunk.events */

#define CHUNK_BYTES ((size_t)256 << 10)

/* The item of that instance that is out, with its past; NULL: there is none. */
static const th__work *find(th_workers *w, const StreamInstanceHistoryRequest *request)
{
    const th__work *item = th__work_find_of(w, TH_ITEM_ORCHESTRATOR, request->instanceid, 0);
    const char *execution = th__pb_text_of(request->executionid);
    bool other = item && execution && *execution && strcmp(execution, item->execution_id) != 0;

    return item && item->session && !other ? item : NULL;
}

/* Bytes of the event at p: its tag, its length, and so many more. */
static size_t event_size(const uint8_t *p)
{
    size_t n = 0, at = 1;

    for (unsigned shift = 0;; shift += 7) {
        n |= (size_t)(p[at] & 0x7f) << shift;
        if (!(p[at++] & 0x80))
            return at + n;
    }
}

static void send(th__rpc *rpc, uint8_t *past, size_t n)
{
    size_t from = 0;

    for (size_t at = 0; at < n;) {
        size_t size = event_size(past + at);
        past[at] = CHUNK_TAG;
        at += size;
        if (at - from < CHUNK_BYTES && at < n)
            continue;
        if (!th_call_send(rpc->call, past + from, at - from))
            return;
        from = at;
    }
}

bool th__rpc_stream_past(th__rpc *rpc)
{
    th_workers *w = rpc->grpc->options.workers;
    th_buf past = TH_BUF_INIT;

    if (!w || rpc->hub.hub_id != rpc->grpc->options.hub.hub_id)
        return false;
    pthread_mutex_lock(&w->lock);
    const th__work *item = find(w, rpc->request);
    if (item) /* a copy: the session goes on with the answer */
        th_buf_add(&past, item->session->past.data, item->session->past.len);
    pthread_mutex_unlock(&w->lock);
    if (!item)
        return false;
    send(rpc, (uint8_t *)past.data, past.len);
    th_buf_free(&past);
    th__rpc_end(rpc);
    return true;
}
