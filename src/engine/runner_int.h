/*
 * runner_int.h - an episode of another owner while it runs here, and what the files of the runner
 * share.
 */
#ifndef TH_ENGINE_RUNNER_INT_H
#define TH_ENGINE_RUNNER_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine/act.h"
#include "engine/inst.h"
#include "engine/reply.h"
#include "engine/runner.h"
#include "store/activities.h"

typedef enum guest_state {
    GUEST_FREE,
    GUEST_OUT,      /* an executor has it */
    GUEST_ANSWERED, /* how is in `kind`; the runner's thread sees to the rest */
} guest_state;

/* An episode that is a guest here. The state is under the runner's lock; the texts of the answer
 * are written under it, by whatever thread. */
typedef struct guest {
    guest_state state;
    uint64_t uses; /* tells the uses of this place apart */
    th_act *act;   /* its token, with which it goes back */
    const th_executor *executor;
    th_arena *arena;
    int64_t deadline_us; /* monotonic */

    /* Of an orchestrator: its history, and what it took and left of what waits. */
    th_inst *inst;
    const th_event *left;
    size_t left_count;
    int64_t t_us;
    const int64_t *taken;
    size_t taken_count;

    th_answer_kind kind;
    th_buf payload, body;
    char *memo;
    int64_t delay_us;
} guest;

enum { MOST_GUESTS = 1024, MOST_REFUSED = 64 };

struct th_runner {
    th_engine *engine;
    pthread_t thread;
    bool started;
    atomic_bool stop;
    int fd;
    atomic_bool look_wanted;
    int64_t looked_us; /* monotonic; the last look at the queue */
    char **names;      /* in lower case; orchestrators, then entities */
    size_t orchestrator_count, entity_count;
    char *refused[MOST_REFUSED]; /* names with versions that no executor here runs */
    size_t refused_count;
    int64_t forget_at_us;
    pthread_mutex_t lock;
    guest guests[MOST_GUESTS];
    int limit, out;
};

/* runner_guest.c */
bool th__guest_has_executor(const th_runner *runner, const th_claimed *claimed);
/* From what was claimed to what the executor is given. False: it is not run, and goes back. */
bool th__guest_begin(th_runner *runner, const th_claimed *claimed, const th_instance_row *row,
                     const th_episode_row *episodes, size_t count);
/* Those that were answered, or have taken too long, go back. */
void th__guests_settle(th_runner *runner, int64_t now_us);
void th__guests_give_back(th_runner *runner); /* all that are out */

#endif
