/* servers.c - which cluster this process works with, and the highest timeline that it has seen
 * (protocol S2). */
#include <inttypes.h>
#include <pthread.h>

#include "store/store_int.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static th__server highest; /* zeros: nothing seen yet */

static th_rc judge(const th__server *server, th_error *err)
{
    if (server->system_id && highest.system_id && server->system_id != highest.system_id)
        return th_fail(err, TH_SCHEMA,
                       "the server belongs to another cluster (system identifier %" PRIu64
                       ", before: %" PRIu64 ")",
                       server->system_id, highest.system_id);
    if (server->timeline && server->timeline < highest.timeline)
        return th_fail(err, TH_SCHEMA,
                       "the server is on timeline %" PRIu32 ", but %" PRIu32
                       " has been seen: it was failed over from",
                       server->timeline, highest.timeline);
    return TH_OK;
}

th_rc th__server_admit(const th__server *server, th_error *err)
{
    pthread_mutex_lock(&lock);
    th_rc rc = judge(server, err);

    if (rc == TH_OK) {
        if (server->system_id)
            highest.system_id = server->system_id;
        if (server->timeline)
            highest.timeline = server->timeline;
    }
    pthread_mutex_unlock(&lock);
    return rc;
}

void th__servers_forget(void)
{
    pthread_mutex_lock(&lock);
    highest = (th__server){ 0 };
    pthread_mutex_unlock(&lock);
}
