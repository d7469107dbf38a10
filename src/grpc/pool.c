/*
 * pool.c - connections for calls that wait for the database; as many at most as handlers run.
 */
#include <stdlib.h>

#include "grpc/grpc_int.h"

enum { KEPT = 4 };

struct th__grpc_pool {
    char *conninfo;
    pthread_mutex_t lock;
    th_db *idle[KEPT];
    size_t count;
};

th__grpc_pool *th__grpc_pool_new(const char *conninfo)
{
    th__grpc_pool *pool = th_malloc(sizeof *pool);

    pool->conninfo = th_mstrdup(conninfo);
    pthread_mutex_init(&pool->lock, NULL);
    return pool;
}

void th__grpc_pool_free(th__grpc_pool *pool)
{
    if (!pool)
        return;
    while (pool->count)
        th_db_close(pool->idle[--pool->count]);
    pthread_mutex_destroy(&pool->lock);
    free(pool->conninfo);
    free(pool);
}

th_rc th__grpc_pool_take(th__grpc_pool *pool, th_db **db, th_error *err)
{
    *db = NULL;
    pthread_mutex_lock(&pool->lock);
    if (pool->count)
        *db = pool->idle[--pool->count];
    pthread_mutex_unlock(&pool->lock);
    if (*db)
        return TH_OK;

    th_error why = { 0 };
    if (th_db_open(pool->conninfo, TH_DB_POOL, db, &why) == TH_OK)
        return TH_OK;
    *db = NULL;
    return th_fail(err, TH_UNAVAILABLE, "%s", why.text);
}

void th__grpc_pool_give(th__grpc_pool *pool, th_db *db)
{
    if (!db)
        return;
    if (!th_db_is_lost(db)) {
        pthread_mutex_lock(&pool->lock);
        if (pool->count < KEPT) {
            pool->idle[pool->count++] = db;
            db = NULL;
        }
        pthread_mutex_unlock(&pool->lock);
    }
    th_db_close(db);
}

th_rc th__grpc_pool_run(th__rpc *rpc, th__grpc_job *job, void *data, th_error *err)
{
    th__grpc_pool *pool = rpc->grpc->pool;
    th_rc rc = TH_DB_LOST;

    for (int tries = 0; tries < 2 && rc == TH_DB_LOST; tries++) {
        th_db *db;
        th_error_clear(err);
        rc = th__grpc_pool_take(pool, &db, err);
        if (rc == TH_OK)
            rc = job(rpc, db, data, err);
        th__grpc_pool_give(pool, db);
    }
    return rc;
}
