/*
 * late_executor.c - items come in, are answered at once in secret, and the answer is held back.
 */
#include "late_executor.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/ids.h"
#include "late_posts.h"
#include "late_script.h"
#include "late_session.h"

enum { MOST_NAMES = 32, MOST_TRIES = 2, DELAY_US = 15000, AGAIN_US = 20000 };

static const char wrong[] = "{\"type\":\"Wrong\",\"message\":\"an answer that no longer counts\"}";

typedef struct function {
    const char *name;
    late_script *script;
    late_work *work;
} function;

/* How often an item was given, and the token that was left without an answer. */
typedef struct given {
    struct given *next;
    uint64_t key;
    int tries;
    th_token unanswered;
} given;

struct late {
    th_executor executor;
    late_posts *posts;
    unsigned seed;
    function functions[MOST_NAMES];
    size_t function_count;
    pthread_mutex_t mutex; /* given */
    given *given;
    atomic_int counts[LATE_MOODS];
    atomic_int sessions;
    atomic_uint memos;
};

/* ---- names ----------------------------------------------------------------------------------- */

static const function *find(const late *l, bool orchestrator, const char *name)
{
    for (size_t i = 0; i < l->function_count; i++)
        if (strcasecmp(l->functions[i].name, name) == 0 &&
            (orchestrator ? l->functions[i].script != NULL : l->functions[i].work != NULL))
            return &l->functions[i];
    return NULL;
}

static bool can_run(void *self, th_item_kind kind, const char *name, const char *version)
{
    (void)version;
    return kind != TH_ITEM_ENTITY && find(self, kind == TH_ITEM_ORCHESTRATOR, name) != NULL;
}

static const char *list(void *self, th_item_kind kind, size_t n)
{
    const late *l = self;

    for (size_t i = 0; i < l->function_count; i++) {
        const function *f = &l->functions[i];
        bool matches = kind == TH_ITEM_ORCHESTRATOR ? f->script != NULL
                       : kind == TH_ITEM_ACTIVITY   ? f->work != NULL
                                                    : false;
        if (matches && n-- == 0)
            return f->name;
    }
    return NULL;
}

static void add_function(late *l, function f)
{
    if (l->function_count == MOST_NAMES)
        abort();
    l->functions[l->function_count++] = f;
}

void late_add(late *l, const char *name, late_script *script)
{
    add_function(l, (function){ .name = name, .script = script });
}

void late_add_activity(late *l, const char *name, late_work *work)
{
    add_function(l, (function){ .name = name, .work = work });
}

/* ---- moods ----------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t h, const void *p, size_t n)
{
    for (const uint8_t *b = p; n--; b++)
        h = (h ^ *b) * UINT64_C(1099511628211);
    return h ^ (h >> 29);
}

/* Without the execution's id, which is random: the same seed draws the same moods. */
static uint64_t key_of(const late *l, const char *instance, int32_t seq, char kind)
{
    uint64_t h = mix(UINT64_C(14695981039346656037), &l->seed, sizeof l->seed);

    h = mix(h, instance, strlen(instance));
    h = mix(h, &seq, sizeof seq);
    return mix(h, &kind, 1);
}

static given *given_of(late *l, uint64_t key)
{
    for (given *g = l->given; g; g = g->next)
        if (g->key == key)
            return g;
    given *g = th_malloc(sizeof *g);
    g->key = key;
    g->next = l->given;
    l->given = g;
    return g;
}

/* *old: a token that was never answered; number 0: none. */
static late_mood draw(late *l, uint64_t key, th_token token, bool activity, th_token *old)
{
    static const late_mood of_activities[] = { LATE_INSIDE, LATE_LATER, LATE_TWICE, LATE_LOST,
                                               LATE_ABANDONED };
    pthread_mutex_lock(&l->mutex);
    given *g = given_of(l, key);
    uint64_t h = mix(key, &g->tries, sizeof g->tries);
    late_mood mood = activity ? of_activities[h % 5] : (late_mood)(h % LATE_MOODS);

    if (g->tries++ >= MOST_TRIES)
        mood = LATE_LATER;
    *old = g->unanswered;
    g->unanswered = mood == LATE_NEVER ? token : (th_token){ 0 };
    pthread_mutex_unlock(&l->mutex);
    return mood;
}

/* From 0 on, so that answers overtake each other. */
static int64_t delay_of(uint64_t key)
{
    return (int64_t)(mix(key, "delay", 5) % DELAY_US);
}

/* ---- items of orchestrations ----------------------------------------------------------------- */

static void answer_wrongly(late *l, th_token token)
{
    late_post *post = late_post_new();

    post->count = 1;
    post->orch[0] = (th_answer){
        .token = token,
        .completion = { .done = true, .status = TH_FAILED, .id = TH_NONE, .failure = wrong }
    };
    late_posts_now(l->posts, post);
}

static void hand_out(late *l, late_post *post, late_mood mood, uint64_t key)
{
    if (mood == LATE_INSIDE || mood == LATE_FORGETFUL)
        late_posts_now(l->posts, post);
    else
        late_posts_add(l->posts, post, delay_of(key));
}

static void fill(late_post *post, th_answer answer, late_mood mood)
{
    post->count = 1;
    if (mood == LATE_LOST || mood == LATE_ABANDONED || mood == LATE_COLD)
        answer = (th_answer){ .token = answer.token,
                              .kind = mood == LATE_LOST        ? TH_ANSWER_LOST
                                      : mood == LATE_ABANDONED ? TH_ANSWER_ABANDONED
                                                               : TH_ANSWER_NEEDS_HISTORY,
                              .delay_us = mood == LATE_ABANDONED ? AGAIN_US : 0 };
    post->orch[0] = answer;
    if (mood != LATE_TWICE)
        return;
    post->orch[1] = (th_answer){ .token = answer.token };
    post->orch[1].completion = (th_completion){ .done = true, .status = TH_FAILED, .id = TH_NONE };
    post->orch[1].completion.failure = wrong;
    post->count = 2;
}

static void drop(void *self, void *session)
{
    late *l = self;

    if (session)
        atomic_fetch_sub(&l->sessions, 1);
    late_session_free(session);
}

/* The session that the item stands on; NULL: there is none. */
static late_session *session_of(late *l, const th_orch_item *item, late_mood *mood)
{
    late_session *s = *item->session;

    if (s && (*mood == LATE_COLD || !late_session_go_back(s, item->memo))) {
        *mood = LATE_COLD;
        *item->session = NULL;
        drop(l, s);
        return NULL;
    }
    if (!s) {
        if (*mood == LATE_COLD) /* it just came with its history */
            *mood = LATE_LATER;
        *item->session = s = late_session_new(item);
        atomic_fetch_add(&l->sessions, 1);
    }
    return s;
}

static void run_orchestrator(void *self, const th_orch_item *item)
{
    late *l = self;
    uint64_t key = key_of(l, item->instance_id, item->fresh[0].seq, 'o');
    th_token old;
    late_mood mood = draw(l, key, item->token, false, &old);
    late_post *post = late_post_new();
    late_session *s = session_of(l, item, &mood);
    th_answer answer = { .token = item->token };

    if (old.number)
        answer_wrongly(l, old);
    if (s)
        answer = late_session_answer(s, item, find(l, true, item->name)->script,
                                     atomic_fetch_add(&l->memos, 1), post->arena);
    if (mood == LATE_FORGETFUL) {
        late_answer_own(post->arena, &answer);
        *item->session = NULL;
        drop(l, s);
    } else if (mood != LATE_INSIDE) {
        late_answer_own(post->arena, &answer);
    }
    atomic_fetch_add(&l->counts[mood], 1);
    fill(post, answer, mood);
    if (mood == LATE_NEVER)
        late_post_free(post);
    else
        hand_out(l, post, mood, key);
}

/* ---- what it takes --------------------------------------------------------------------------- */

static void select_awaited(void *self, const th_orch_item *item, const th_event *waiting, size_t n,
                           bool *take)
{
    (void)self;
    for (size_t i = 0; i < n; i++) {
        char quoted[64];

        snprintf(quoted, sizeof quoted, "[\"%s\"]", waiting[i].name ? waiting[i].name : "");
        if (waiting[i].kind == TH_EventRaised)
            take[i] = item->memo && strstr(item->memo, quoted);
    }
}

void late_leave_events(late *l)
{
    l->executor.select = select_awaited;
}

/* ---- activities ------------------------------------------------------------------------------ */

static void fill_activity(late_post *post, th_activity_answer answer, late_mood mood)
{
    post->is_activity = true;
    post->count = 1;
    if (mood == LATE_LOST || mood == LATE_ABANDONED)
        answer =
            (th_activity_answer){ .token = answer.token,
                                  .kind = mood == LATE_LOST ? TH_ANSWER_LOST : TH_ANSWER_ABANDONED,
                                  .delay_us = mood == LATE_ABANDONED ? AGAIN_US : 0 };
    post->activity[0] = answer;
    if (mood == LATE_INSIDE || mood == LATE_LATER)
        return;
    /* Also after a loss: it was not lost after all, but by then it is another's. */
    post->activity[1] = (th_activity_answer){ .token = answer.token, .failure = wrong };
    post->count = 2;
}

static void run_activity(void *self, const th_activity_item *item)
{
    late *l = self;
    uint64_t key = key_of(l, item->instance_id, item->seq, 'a');
    th_token old;
    late_mood mood = draw(l, key, item->token, true, &old);
    late_post *post = late_post_new();
    th_activity_answer answer = { .token = item->token };
    const char *failure = NULL;

    const char *result = find(l, false, item->name)->work(post->arena, item->input, &failure);
    answer.result = th_strdup(post->arena, result);
    answer.failure = th_strdup(post->arena, failure);
    atomic_fetch_add(&l->counts[mood], 1);
    fill_activity(post, answer, mood);
    hand_out(l, post, mood, key);
}

/* ---- a life ---------------------------------------------------------------------------------- */

late *late_new(unsigned seed, int threads)
{
    late *l = th_malloc(sizeof *l);

    l->seed = seed;
    l->posts = late_posts_new(threads);
    pthread_mutex_init(&l->mutex, NULL);
    l->executor = (th_executor){ .name = "late",
                                 .self = l,
                                 .can_run = can_run,
                                 .list = list,
                                 .run_orchestrator = run_orchestrator,
                                 .drop = drop,
                                 .run_activity = run_activity };
    return l;
}

void late_attach(late *l, th_engine *engine)
{
    late_posts_attach(l->posts, engine);
}

const th_executor *late_executor(late *l)
{
    return &l->executor;
}

void late_free(late *l)
{
    late_posts_free(l->posts);
    for (given *g = l->given, *next; g; g = next) {
        next = g->next;
        free(g);
    }
    pthread_mutex_destroy(&l->mutex);
    free(l);
}

int late_count(late *l, late_mood mood)
{
    return atomic_load(&l->counts[mood]);
}

int late_sessions(late *l)
{
    return atomic_load(&l->sessions);
}

const char *late_mood_name(late_mood mood)
{
    static const char *const names[LATE_MOODS] = { "inside", "later",     "twice", "never",
                                                   "lost",   "abandoned", "cold",  "forgetful" };
    return names[mood];
}
