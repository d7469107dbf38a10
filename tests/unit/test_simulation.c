/*
 * test_simulation.c - the owner's loop against a server that fails, in random interleavings.
 *
 * Orchestrations with children, entities and locks, their messages, suspensions, terminations and
 * rewinds, lost answers, cut connections and kills are chosen by a seed, and each run ends in calm.
 * Then every instance must have come to what its program says, with a history without gaps, each
 * event answered once, every operation of an entity carried out once, nobody holding one, and no
 * row left over. Arguments: the seed (default 1; 0: by the clock), the number of runs, and after
 * how many seconds no further one begins. A run's own seed is printed when it fails; given as the
 * seed with one run it repeats it.
 */
#define main run_tests
#include "test.h"
#undef main

#include <time.h>

#include "base/log.h"
#include "engine/engine_int.h"
#include "sim_world.h"

enum { CHAOS_STEPS = 400, CALM_STEPS = 6000 };

static uint64_t first_seed = 1;
static uint64_t steps_done;
static time_t seconds = 3600;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static uint64_t runs = 400;
#else
static uint64_t runs = 2500; /* a million steps */
#endif

/* ---- users ----------------------------------------------------------------------------------- */

/* A critical section is left, or goes with its run. Returns how many letters. */
static size_t add_step(char *program, char step)
{
    char one[] = { step, 0 };
    const char *letters = step == 'l' ? "lqu" : step == 'L' ? "lqn" : one;
    memcpy(program, letters, strlen(letters));
    return strlen(letters);
}

/* What fails drops the events that wait for it, and they do not come back with a rewind. */
static void expect_no_events(plan *p)
{
    for (char *at = p->program; *at; at++)
        if (*at == 'e')
            *at = 't';
    p->events_left = 0;
}

static void choose_program(plan *p, bool last)
{
    static const char steps[] = "ttfadcemenkkgqxlL";
    size_t n = 1 + sim_pick(6), at = 0;
    p->events_left = 0;
    p->event_sum = 0;
    p->dup_events = true;
    p->terminated = false;
    for (size_t i = 0; i < n; i++) {
        char step = steps[sim_pick(sizeof steps - 1)];
        at += add_step(p->program + at, step);
        p->events_left += step == 'e';
        p->dup_events &=
            step != 'n' && step != 'L'; /* a new run has forgotten what ids the old one saw */
    }
    if (last)
        p->program[at++] = '!';
    p->program[at] = 0;
    if (script_can_break(p->program))
        expect_no_events(p);
}

static void choose_plans(world *w)
{
    w->plan_count = 1 + (int)sim_pick(PLANS);
    for (int i = 0; i < w->plan_count; i++) {
        plan *p = &w->plans[i];
        snprintf(p->id, sizeof p->id, "order-%d", i);
        snprintf(p->next_id, sizeof p->next_id, "order-%d", i + 1);
        choose_program(p, sim_once_in(6));
        p->restarts_left = sim_once_in(3);
    }
    /* One sends an event to the next: nobody waits in a circle. */
    for (int i = 0; i + 1 < w->plan_count; i++) {
        plan *from = &w->plans[i], *to = &w->plans[i + 1];
        if (from->restarts_left || to->restarts_left || strlen(from->program) > 6 ||
            strchr(from->program, '!') || strlen(to->program) > 6 || strpbrk(to->program, "!kx"))
            continue;
        memmove(from->program + 1, from->program, strlen(from->program) + 1);
        from->program[0] = 's';
        strcat(to->program, "e");
        to->event_sum += 50000;
    }
}

static sim_message *a_message(world *w, const sim_instance *i, th_kind kind)
{
    sim_message *m = sim_message_new(&w->db, i->partition, i->id, kind);
    m->has_start = true;
    m->start = i->start;
    return m;
}

/* The row of a first start, or of one that replaces a finished instance. */
static void start(world *w, plan *p)
{
    sim_instance *i = sim_find(&w->db, p->id);
    bool replaced = i != NULL;
    if (!i) {
        i = SIM_NEW(&w->db, instances);
        i->id = sim_keep(&w->db, p->id);
        i->partition = 1 + th_partition_ordinal(p->id, SIM_PARTITIONS);
    }
    i->start = sim_new_uuid();
    i->execution = sim_new_uuid();
    i->status = TH_PENDING;
    i->name = "Script";
    i->input = th_sprintf(w->db.arena, "0 %s/%d %s %s", p->id, p->starts++, p->next_id, p->program);
    i->rewinds = 0;
    i->parent_ref = TH_NONE;
    i->output = i->failure = i->custom = NULL;
    sim_message *m = a_message(w, i, TH_ExecutionStarted);
    m->has_execution = true;
    m->execution = i->execution;
    m->name = "Script";
    m->body = replaced ? "{\"replaced\":true}" : NULL;
    if (sim_once_in(4))
        m->due = w->db.now_us + (int64_t)sim_pick(50000);
    p->started = true;
    th_engine_wake(w->engine, i->partition);
}

static void raise_event(world *w, plan *p, const sim_instance *i)
{
    int64_t value = 1 + (int64_t)sim_pick(1000);
    const char *id = th_sprintf(w->db.arena, "%s-%d", p->id, p->event_no++);
    int copies = p->dup_events && sim_once_in(3) ? 2 : 1;
    p->events_left--;
    p->event_sum += value;
    for (int k = 0; k < copies; k++) {
        sim_message *m = a_message(w, i, TH_EventRaised);
        m->name = "e";
        m->message_id = id;
        m->payload = th_sprintf(w->db.arena, "%lld", (long long)value);
    }
    th_engine_wake(w->engine, i->partition);
}

static void order(world *w, const sim_instance *i, th_kind kind)
{
    sim_message *m = a_message(w, i, kind);
    m->payload = kind == TH_ExecutionTerminated ? "enough" : NULL;
    m->body = kind == TH_ExecutionTerminated && sim_once_in(2) ? "{\"recurse\":true}" : NULL;
    th_engine_wake(w->engine, i->partition);
}

static void check_finished(plan *p, const sim_instance *i)
{
    char want[96];
    if (i->status == TH_TERMINATED) {
        CHECK(p->terminated);
        CHECK_STR(i->output, "enough");
        return;
    }
    long long sum = script_plain(p->program, 0, p->event_sum);
    CHECK_INT(p->events_left, 0);
    bool fails = strchr(p->program, '!') != NULL;
    snprintf(want, sizeof want, fails ? "{\"type\":\"Sum\",\"message\":\"%lld\"}" : "%lld", sum);
    CHECK_INT(i->status, fails ? TH_FAILED : TH_COMPLETED);
    if (!CHECK_STR(fails ? i->failure : i->output, want))
        printf("  %s ran '%s': %s %s\n", p->id, p->program, th_status_name(i->status),
               i->failure ? i->failure : "");
}

/* What a client's rewind does to the row (front_rewind.sql). */
static void rewind_broken(world *w, sim_instance *i)
{
    i->status = TH_PENDING;
    i->output = i->failure = NULL;
    order(w, i, TH_ExecutionRewound);
}

static bool is_broken(const sim_instance *i)
{
    return i->status == TH_FAILED && strstr(i->failure, "Broken") != NULL;
}

/* True: nothing more is wanted of it. */
static bool tend(world *w, plan *p)
{
    sim_instance *i = sim_find(&w->db, p->id);
    if (!p->started) {
        const plan *next = p + 1;
        if (next == &w->plans[w->plan_count] ||
            next->started) /* what is sent to nobody is dropped */
            start(w, p);
        return false;
    }
    if (is_broken(i)) {
        rewind_broken(w, i);
        return false;
    }
    if (th_status_is_terminal(i->status)) {
        check_finished(p, i);
        if (!p->restarts_left || test_bad)
            return true;
        p->restarts_left--;
        choose_program(p, sim_once_in(6));
        start(w, p);
        return false;
    }
    if (p->events_left && (server.calm || sim_once_in(2)))
        raise_event(w, p, i);
    return false;
}

/* Children are suspended, too. */
static void pause_any(world *w)
{
    const sim_instance *i =
        w->db.instances_count ? &w->db.instances[sim_pick(w->db.instances_count)] : NULL;
    if (i && !i->is_entity && !th_status_is_terminal(i->status))
        order(w, i, sim_once_in(2) ? TH_ExecutionSuspended : TH_ExecutionResumed);
}

static void user_act(world *w)
{
    plan *p = &w->plans[sim_pick((size_t)w->plan_count)];
    const sim_instance *i = sim_find(&w->db, p->id);
    bool live = i && !th_status_is_terminal(i->status);
    if (live && sim_once_in(12)) {
        pause_any(w);
    } else if (live && sim_once_in(60) && !strchr(p->program, 's') && p->event_sum < 50000) {
        p->terminated = true;
        order(w, i, TH_ExecutionTerminated);
    } else {
        tend(w, p);
    }
}

/* ---- mischief -------------------------------------------------------------------------------- */

/* Nobody sends a start twice; one that comes twice does no harm, unless a rewind lies between. */
static bool may_be_rewound(world *w, const char *id)
{
    const sim_instance *i = sim_find(&w->db, id);
    const char *program = i && i->input ? strrchr(i->input, ' ') : NULL;
    return !program || script_can_break(program + 1);
}

/* The same result once more, as a sender that heard no answer would send it. */
static void repeat_message(world *w)
{
    if (!w->db.messages_count)
        return;
    sim_message m = w->db.messages[sim_pick(w->db.messages_count)];
    if (m.kind == TH_EventRaised || m.kind == TH_ExecutionTerminated ||
        m.kind == TH_ExecutionSuspended || m.kind == TH_ExecutionRewound || *m.id == '@')
        return;
    if (m.kind == TH_ExecutionStarted && may_be_rewound(w, m.id))
        return;
    m.no = ++w->db.next_no;
    *SIM_NEW(&w->db, messages) = m;
}

static void send_garbage(world *w)
{
    sim_message *m =
        sim_message_new(&w->db, 1, sim_once_in(2) ? "nobody" : "order-0", TH_EventRaised);
    m->partition = 1 + th_partition_ordinal(m->id, SIM_PARTITIONS);
    m->has_start = true; /* of no start */
    m->name = "e";
    m->payload = "999999";
    m->body = sim_once_in(2) ? "{" : NULL;
}

static void make_mischief(world *w)
{
    switch (sim_pick(7)) {
    case 0:
        if (w->pump->pen)
            sim_cut(w->pump->pen);
        return;
    case 1:
        if (w->kills++ || !sim_once_in(2))
            return;
        sim_kill(w);
        sim_boot(w);
        return;
    case 2:
        sim_give(w);
        return;
    case 3:
        sim_steal(w);
        return;
    case 4:
        send_garbage(w);
        return;
    default:
        repeat_message(w);
        return;
    }
}

/* ---- a run ----------------------------------------------------------------------------------- */

static void pass(world *w, int64_t us)
{
    w->db.now_us += us;
    th_clock_set(w->db.now_us);
}

static void step(world *w)
{
    steps_done++;
    switch (sim_pick(16)) {
    case 0:
    case 1:
    case 2:
    case 3:
        th__pump_round(w->pump);
        return;
    case 4:
    case 5:
    case 6:
        sim_server_step(w->pump->pen);
        return;
    case 7:
        sim_answer_late(w);
        sim_answer_entity_late(w);
        return;
    case 8:
        sim_finish_activity(w);
        return;
    case 9:
        sim_completer(w);
        return;
    case 10:
        sim_claim(w);
        return;
    case 11:
        sim_finish_remote(w);
        return;
    case 12:
        sim_control(w);
        return;
    case 13:
        user_act(w);
        return;
    case 14:
        pass(w, (int64_t)sim_pick(sim_once_in(10) ? 500000 : 3000));
        return;
    default:
        if (sim_once_in(6))
            make_mischief(w);
        return;
    }
}

/* No row waits, and the process has nothing in hand, under way or promised. */
static bool is_at_rest(const world *w)
{
    const th_pump *p = w->pump;
    return !w->db.messages_count && !w->db.activities_count && !p->flying_count && !p->building &&
           !p->hand_count && !p->entities_out && !p->entities_waiting && !p->running &&
           !p->parked && !p->unsettled && th_dispatch_active(w->engine->dispatch) == 0;
}

static bool all_done(world *w)
{
    bool done = true;
    for (size_t i = 0; i < w->db.instances_count; i++)
        if (w->db.instances[i].status == TH_SUSPENDED && sim_once_in(20))
            order(w, &w->db.instances[i], TH_ExecutionResumed);
    for (int i = 0; i < w->plan_count; i++)
        done &= tend(w, &w->plans[i]);
    return done && is_at_rest(w);
}

/* Everybody does what is to be done, in order. */
static bool calm_down(world *w)
{
    server.calm = true;
    server.fail_left = 0;
    for (int i = 0; i < CALM_STEPS && !test_bad; i++) {
        steps_done++;
        sim_control(w);
        th__pump_round(w->pump);
        while (sim_server_step(w->pump->pen))
            ;
        sim_answer_late(w);
        sim_answer_entity_late(w);
        sim_finish_activity(w);
        sim_completer(w);
        sim_claim(w);
        sim_finish_remote(w);
        if (all_done(w))
            return true;
        pass(w, i % 100 == 99 ? 3000000 : 1000);
        if (i % 100 == 99)
            for (int32_t p = 1; p <= SIM_PARTITIONS; p++)
                th_engine_wake(w->engine, p); /* the idle poll */
    }
    return false;
}

/* ---- what must be true ----------------------------------------------------------------------- */

static void check_answers(const sim_instance *i, const th_event *events, size_t n, bool *answered)
{
    for (size_t k = 0; k < n; k++) {
        const th_event *e = &events[k];
        if (e->ref == TH_NONE)
            continue;
        CHECK(e->ref >= 0 && e->ref < e->seq);
        if (!CHECK(!answered[e->ref]))
            printf("  %s: event %d is answered twice\n", i->id, e->ref);
        answered[e->ref] = true;
    }
}

static void check_history(world *w, const sim_instance *i)
{
    enum { MOST = 1000 };
    bool answered[MOST] = { false };
    int32_t episode = 0, seq = 0;
    th_event last = th_event_of(TH_KIND_NONE);
    for (size_t k = 0; k < w->db.episodes_count; k++) {
        const sim_episode *row = &w->db.episodes[k];
        th_event *events;
        size_t n = 0;
        if (strcmp(row->id, i->id) != 0)
            continue;
        if (!th_uuid_equal(&row->execution, &i->execution)) {
            CHECK(i->rewinds > 0); /* of other earlier runs nothing is left */
            continue;
        }
        CHECK_INT(row->episode, episode++);
        CHECK_INT(row->first_seq, seq);
        CHECK_INT(
            th_events_read(w->db.arena, row->events, strlen(row->events), seq, &events, &n, NULL),
            TH_OK);
        CHECK(n > 0);
        seq += (int32_t)n;
        if (CHECK(seq < MOST))
            check_answers(i, events, n, answered);
        last = events[n - 1];
    }
    CHECK_INT(last.kind, TH_ExecutionCompleted);
    CHECK_INT(last.status, i->status);
}

/* Each has carried out every operation once, and nobody holds it. */
static void check_entities(world *w)
{
    static const char *const ids[SIM_ENTITIES] = { "@acc@a", "@acc@b" };
    for (size_t k = 0; k < SIM_ENTITIES; k++) {
        const sim_instance *e = sim_find(&w->db, ids[k]);
        CHECK_INT(e && e->state ? atoll(e->state) : 0, w->db.operations[k]);
        CHECK(!e || !e->holder);
    }
}

/* No promise of a slot is left over. */
static void check_slots(const world *w)
{
    CHECK(th_dispatch_reserve_free(w->engine->dispatch) >= SIM_SLOTS);
}

static void say_what_is_left(const world *w)
{
    for (size_t i = 0; i < w->db.instances_count; i++)
        printf("  %s: %s, input '%s'\n", w->db.instances[i].id,
               th_status_name(w->db.instances[i].status), w->db.instances[i].input);
    for (size_t i = 0; i < w->db.messages_count; i++)
        printf("  message %lld to %s: %s, ref %d, due %s\n", (long long)w->db.messages[i].no,
               w->db.messages[i].id, th_kind_name(w->db.messages[i].kind), w->db.messages[i].ref,
               w->db.messages[i].due == TH_TIME_INF       ? "never"
               : w->db.messages[i].due == TH_TIME_NEG_INF ? "at once"
                                                          : "later");
    for (size_t i = 0; i < w->db.activities_count; i++)
        printf("  activity %lld of %s, claimed by %d, number %d\n",
               (long long)w->db.activities[i].number, w->db.activities[i].id,
               w->db.activities[i].claimed_by, w->db.activities[i].claim_no);
    printf("  in hand %zu, running %d, parked %zu, in flight %d, active %d\n", w->pump->hand_count,
           w->pump->running, w->pump->parked, w->pump->flying_count,
           th_dispatch_active(w->engine->dispatch));
    for (size_t i = 0; i < w->db.episodes_count; i++)
        printf("  %s episode %d: %s\n", w->db.episodes[i].id, w->db.episodes[i].episode,
               w->db.episodes[i].events);
}

static void run_one(uint64_t seed)
{
    world *w = th_malloc(sizeof *w);
    w->db.arena = th_arena_new(1 << 16);
    server = (sim_server){ .db = &w->db,
                           .random = seed * UINT64_C(0x9e3779b97f4a7c15),
                           .clean = { true, true } };
    w->executor = (th_executor){ .name = "script",
                                 .self = w,
                                 .can_run = sim_can_run,
                                 .list = sim_list,
                                 .run_orchestrator = sim_run_orchestrator,
                                 .drop = sim_drop,
                                 .run_activity = sim_run_activity,
                                 .cancel = sim_cancel,
                                 .run_entity = sim_run_entity };
    w->sessions = !sim_once_in(3);
    w->late_answers = sim_once_in(2);
    pass(w, SIM_START);
    choose_plans(w);
    sim_boot(w);

    for (int i = 0; i < CHAOS_STEPS && !test_bad; i++)
        step(w);
    if (CHECK(calm_down(w))) {
        for (size_t i = 0; i < w->db.instances_count; i++)
            if (!w->db.instances[i].is_entity)
                check_history(w, &w->db.instances[i]);
        check_entities(w);
        check_slots(w);
    }
    if (test_bad)
        say_what_is_left(w);
    sim_kill(w);
    sim_db_free(&w->db);
    free(w);
    th_clock_set(-1);
}

TEST(whatever_is_lost_repeated_or_cut_every_instance_comes_to_what_its_program_says)
{
    int64_t batches = 0, failures = 0, cuts = 0;
    uint64_t done = 0;
    time_t end = time(NULL) + seconds;
    for (uint64_t i = 0; i < runs && !test_bad && time(NULL) < end; i++, done++) {
        run_one(first_seed + i);
        batches += server.batches;
        failures += server.failures;
        cuts += server.cuts;
        if (test_bad)
            printf("  seed %llu\n", (unsigned long long)(first_seed + i));
    }
    printf(
        "seed %llu: %llu runs, %llu steps, %lld batches, of which %lld were refused; %lld cuts\n",
        (unsigned long long)first_seed, (unsigned long long)done, (unsigned long long)steps_done,
        (long long)batches, (long long)failures, (long long)cuts);
    CHECK(failures > 0 && cuts > 0);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        first_seed = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        runs = strtoull(argv[2], NULL, 10);
    if (argc > 3)
        seconds = (time_t)strtoll(argv[3], NULL, 10);
    if (!first_seed)
        first_seed = (uint64_t)time(NULL);
    th_log_setup(TH_LOG_OFF, TH_LOG_TEXT);
    return run_tests(1, argv);
}
