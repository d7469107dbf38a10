/*
 * runner.c - the thread that claims other owners' episodes and reads what they stand on.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/engine_int.h"
#include "engine/runner_int.h"
#include "store/notify.h"

enum {
    POLL_US = 3000000,
    BUSY_POLL_US = 200000,
    RETRY_US = 200000,
    CLAIM = 20,
    REFUSED_US = 60000000
};

/* ---- names ----------------------------------------------------------------------------------- */

static void lower_in_place(char *s)
{
    for (; *s; s++)
        *s = (char)tolower((unsigned char)*s);
}

static size_t add_names(th_runner *runner, th_item_kind kind, size_t n)
{
    const th_engine *engine = runner->engine;
    size_t added = 0;
    for (size_t i = 0; i < engine->executor_count; i++) {
        const th_executor *x = engine->executors[i];
        const char *name;
        for (size_t k = 0; !x->offers && (name = x->list(x->self, kind, k)) != NULL; k++) {
            runner->names = th_realloc(runner->names, (n + added + 1) * sizeof *runner->names);
            runner->names[n + added] = th_mstrdup(name);
            lower_in_place(runner->names[n + added++]);
        }
    }
    return added;
}

/* With those that are offered now. */
static const char *const *names_now(th_runner *runner, th_item_kind kind, char *const *listed,
                                    size_t listed_count, th_arena *arena, size_t *count)
{
    const th_engine *engine = runner->engine;
    const char **all = th_new(arena, const char *, listed_count + 1);
    if (listed_count)
        memcpy(all, listed, listed_count * sizeof *all);
    *count = listed_count;
    for (size_t i = 0; i < engine->executor_count; i++) {
        const th_executor *x = engine->executors[i];
        size_t more = 0;
        const char *const *offered = x->offers ? x->offers(x->self, kind, arena, &more) : NULL;
        if (!more)
            continue;
        const char **both = th_new(arena, const char *, *count + more);
        memcpy(both, all, *count * sizeof *both);
        memcpy(both + *count, offered, more * sizeof *both);
        all = both;
        *count += more;
    }
    return all;
}

static bool has_offers(const th_engine *engine)
{
    for (size_t i = 0; i < engine->executor_count; i++)
        if (engine->executors[i]->offers)
            return true;
    return false;
}

static void free_names(th_runner *runner)
{
    for (size_t i = 0; i < runner->orchestrator_count + runner->entity_count; i++)
        free(runner->names[i]);
    free(runner->names);
}

/* ---- claims ---------------------------------------------------------------------------------- */

static void forget_refused(th_runner *runner)
{
    while (runner->refused_count > 0)
        free(runner->refused[--runner->refused_count]);
    runner->forget_at_us = th_mono_us() + REFUSED_US;
}

static const th_instance_row *row_of(const th_loaded *loaded, const th_claimed *c)
{
    for (size_t i = 0; i < loaded->instance_count; i++)
        if (loaded->instances[i].partition_id == c->partition_id &&
            strcmp(loaded->instances[i].instance_id, c->instance_id) == 0)
            return loaded->instances[i].found ? &loaded->instances[i] : NULL;
    return NULL;
}

static const th_episode_row *episodes_of(const th_loaded *loaded, const th_claimed *c,
                                         size_t *count)
{
    const th_episode_row *first = NULL;
    *count = 0;
    for (size_t i = 0; i < loaded->episode_count; i++) {
        const th_episode_row *e = &loaded->episodes[i];
        if (e->partition_id != c->partition_id || strcmp(e->instance_id, c->instance_id) != 0)
            continue;
        first = first ? first : e;
        ++*count;
    }
    return first;
}

static void give_back(th_engine *engine, const th_claimed *c, int64_t delay_us)
{
    th_act act = { .partition_id = c->partition_id,
                   .id = c->id,
                   .claim_no = c->claim_no,
                   .kind = c->kind,
                   .execution_id = c->execution_id,
                   .instance_id = c->instance_id,
                   .name = c->name };
    th__abandon(engine, th_act_new(&act), delay_us);
}

/* A version that no executor here runs: others may. It is not claimed again, for a while. */
static void refuse(th_runner *runner, const th_claimed *c)
{
    if (runner->refused_count == MOST_REFUSED)
        forget_refused(runner);
    runner->refused[runner->refused_count++] = th_episode_refusal(c->name, c->version);
    give_back(runner->engine, c, 0);
}

static th_rc run_claimed(th_runner *runner, th_db *db, const th_claimed *claimed, size_t n,
                         th_error *err)
{
    th_loaded loaded;
    th_rc rc = th_episodes_load(db, claimed, n, &loaded, err);
    for (size_t i = 0; i < n; i++) {
        size_t count = 0;
        const th_claimed *c = &claimed[i];
        const th_episode_row *episodes = rc == TH_OK ? episodes_of(&loaded, c, &count) : NULL;
        if (rc == TH_OK && !th__guest_has_executor(runner, c))
            refuse(runner, c);
        else if (rc != TH_OK || !th__guest_begin(runner, c, row_of(&loaded, c), episodes, count))
            give_back(runner->engine, c, RETRY_US);
    }
    th_loaded_free(&loaded);
    return rc;
}

static int room(th_runner *runner)
{
    pthread_mutex_lock(&runner->lock);
    int n = runner->limit - runner->out;
    pthread_mutex_unlock(&runner->lock);
    return n < CLAIM ? n : CLAIM;
}

/* What workers have died with goes after all others, one at a time. */
static th_rc claim(th_runner *runner, th_db *db, size_t *found, th_error *err)
{
    const th_engine *engine = runner->engine;
    th_arena *arena = th_arena_new(0);
    th_claimed *claimed;
    th_episode_names names = { .refused = (const char *const *)runner->refused,
                               .refused_count = runner->refused_count };
    names.orchestrators = names_now(runner, TH_ITEM_ORCHESTRATOR, runner->names,
                                    runner->orchestrator_count, arena, &names.orchestrator_count);
    names.entities = names_now(runner, TH_ITEM_ENTITY, runner->names + runner->orchestrator_count,
                               runner->entity_count, arena, &names.entity_count);
    th_rc rc = TH_OK;
    int limit = room(runner);
    *found = 0;
    runner->looked_us = th_mono_us();
    if (!names.orchestrator_count && !names.entity_count)
        limit = 0;
    for (int suspect = 0; suspect < 2 && rc == TH_OK && !*found && limit > 0; suspect++) {
        rc = th_episodes_claim(db, arena, engine->hub.first_partition, engine->hub.partition_count,
                               engine->worker_id, suspect ? 1 : limit, &names, suspect, &claimed,
                               found, err);
        if (rc == TH_OK && *found)
            rc = run_claimed(runner, db, claimed, *found, err);
    }
    th_arena_free(arena);
    return rc;
}

/* ---- the loop -------------------------------------------------------------------------------- */

static void notified(void *arg, int32_t partition_id)
{
    (void)partition_id; /* whatever it is, we look */
    atomic_store(&((th_runner *)arg)->look_wanted, true);
}

static bool may_claim(const th_runner *runner)
{
    const th_engine *engine = runner->engine;
    return !atomic_load(&engine->draining) && !atomic_load(&engine->paused) && engine->worker_id;
}

static bool has_guests(th_runner *runner)
{
    pthread_mutex_lock(&runner->lock);
    bool out = runner->out > 0;
    pthread_mutex_unlock(&runner->lock);
    return out;
}

/* Until the queue is looked at without a reason; what the watch sees counts. */
static int64_t until_look(const th_runner *runner, bool busy)
{
    int64_t last_us = th__last_look_us(&runner->engine->runner_sleeper, runner->looked_us);
    return last_us + (busy ? BUSY_POLL_US : POLL_US) - th_mono_us();
}

static th_rc look(th_runner *runner, th_db *db, size_t *found, th_error *err)
{
    *found = 0;
    if (!may_claim(runner))
        return TH_OK;
    bool wanted = atomic_exchange(&runner->look_wanted, false);
    if (runner->refused_count && runner->forget_at_us < th_mono_us()) {
        forget_refused(runner); /* what an executor can run may change */
        wanted = true;
    }
    wanted = wanted || until_look(runner, has_guests(runner)) <= 0;
    return wanted ? claim(runner, db, found, err) : TH_OK;
}

static th_rc rest(th_runner *runner, th_db *db, th_error *err)
{
    th_sleeper *sleeper = &runner->engine->runner_sleeper;
    bool busy = has_guests(runner) || !may_claim(runner);
    int64_t us = busy ? BUSY_POLL_US : until_look(runner, false);
    th__sleep_watched(sleeper, !busy);
    th_rc rc = th_db_keep_alive(db, POLL_US, err);
    if (rc == TH_OK)
        rc = th_notify_wait(db, runner->fd, us < 0 ? 0 : us, notified, runner, err);
    th__sleep_watched(sleeper, false);
    th__absorb(runner->fd);
    return rc;
}

static th_rc one_round(th_runner *runner, th_db *db, th_error *err)
{
    size_t found;
    th_rc rc = look(runner, db, &found, err);
    th__guests_settle(runner, th_mono_us());
    return rc == TH_OK && !found ? rest(runner, db, err) : rc;
}

static void connect_again(th_runner *runner, th_db **db, const th_error *why)
{
    th_error err = { 0 };
    if (*db) {
        th_log(TH_LOG_WARN, TH_EV_DB_LOST, NULL, "episodes of other owners wait: %s", why->text);
        atomic_store(&runner->engine->connection_error, true);
    }
    th_db_close(*db);
    *db = NULL;
    if (th_db_open(runner->engine->options.conninfo, TH_DB_CONTROL, db, &err) != TH_OK ||
        th_listen_episodes(*db, runner->engine->hub.hub_id, &err) != TH_OK)
        usleep(RETRY_US);
    atomic_store(&runner->look_wanted, true);
}

static bool is_patient(th_runner *runner)
{
    int64_t until = atomic_load(&runner->engine->patience_us);
    return has_guests(runner) && th_mono_us() < until;
}

static void *runner_main(void *arg)
{
    th_runner *runner = arg;
    th_db *db = NULL;
    while (!atomic_load(&runner->stop) || is_patient(runner)) {
        th_error err = { 0 };
        th_rc rc = db ? one_round(runner, db, &err) : TH_DB_LOST;
        if (rc != TH_OK)
            connect_again(runner, &db, &err);
        if (!db)
            th__guests_settle(runner, th_mono_us());
    }
    th__guests_settle(runner, th_mono_us());
    th__guests_give_back(runner);
    th_db_close(db);
    return NULL;
}

/* ---- life ------------------------------------------------------------------------------------ */

void th__runner_wake(th_runner *runner)
{
    if (!runner)
        return;
    atomic_store(&runner->look_wanted, true);
    th__poke(runner->fd);
}

th_rc th__runner_start(th_engine *engine, th_runner **out, th_error *err)
{
    th_runner *runner = th_malloc(sizeof *runner);
    runner->engine = engine;
    runner->orchestrator_count = add_names(runner, TH_ITEM_ORCHESTRATOR, 0);
    runner->entity_count = add_names(runner, TH_ITEM_ENTITY, runner->orchestrator_count);
    if (!runner->names && !has_offers(engine)) {
        free(runner);
        return TH_OK;
    }
    runner->limit = engine->options.max_orchestrators < MOST_GUESTS
                        ? engine->options.max_orchestrators
                        : MOST_GUESTS;
    pthread_mutex_init(&runner->lock, NULL);
    runner->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    *out = runner;
    if (runner->fd < 0)
        return th_fail(err, TH_IO, "eventfd: %s", strerror(errno));
    int code = pthread_create(&runner->thread, NULL, runner_main, runner);
    if (code != 0)
        return th_fail(err, TH_IO, "starting a thread: %s", strerror(code));
    runner->started = true;
    return TH_OK;
}

void th__runner_stop(th_runner *runner)
{
    if (!runner || !runner->started)
        return;
    atomic_store(&runner->stop, true);
    th__runner_wake(runner);
    pthread_join(runner->thread, NULL);
    runner->started = false;
}

void th__runner_free(th_runner *runner)
{
    if (!runner)
        return;
    free_names(runner);
    forget_refused(runner);
    pthread_mutex_destroy(&runner->lock);
    if (runner->fd >= 0)
        close(runner->fd);
    free(runner);
}
