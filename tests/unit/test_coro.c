/* test_coro.c - switching, the pool of stacks, guards. */
#include "test.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/executor.h"
#include "runtime/coro.h"
#include "runtime/sanitize.h"
#include "runtime/stacks.h"

/* The rest of the room is linked too, and wants an engine. */
void th_engine_orch_answered(th_engine *engine, const th_answer *answer)
{
    (void)engine;
    (void)answer;
    abort();
}

void th_engine_activity_answered(th_engine *engine, const th_activity_answer *answer)
{
    (void)engine;
    (void)answer;
    abort();
}

typedef struct counter {
    th_coro *coro;
    int value;
    int until;
} counter;

static void count_up(void *arg)
{
    counter *c = arg;

    while (c->value < c->until) {
        c->value++;
        th_coro_yield(c->coro);
    }
}

TEST(a_coroutine_goes_on_where_it_yielded_and_says_when_it_is_done)
{
    counter c = { .until = 2 };
    c.coro = th_coro_new(count_up, &c);

    CHECK_INT(c.value, 0);
    th_coro_resume(c.coro);
    CHECK_INT(c.value, 1);
    th_coro_resume(c.coro);
    CHECK_INT(c.value, 2);
    CHECK(!th_coro_done(c.coro));
    th_coro_resume(c.coro);
    CHECK(th_coro_done(c.coro));
    th_coro_free(c.coro);
}

static void add_floats(void *arg)
{
    counter *c = arg;
    volatile double sum = 0.5; /* lives over the switches */

    for (int i = 0; i < 3; i++) {
        th_coro_yield(c->coro);
        sum += i;
    }
    c->value = (int)(sum * 10);
}

TEST(locals_and_floating_point_survive_the_switches_of_others)
{
    counter a = { 0 }, b = { 0 };
    a.coro = th_coro_new(add_floats, &a);
    b.coro = th_coro_new(add_floats, &b);

    for (int i = 0; i < 4; i++) {
        th_coro_resume(a.coro);
        th_coro_resume(b.coro);
    }
    CHECK_INT(a.value, 35);
    CHECK_INT(b.value, 35);
    th_coro_free(a.coro);
    th_coro_free(b.coro);
}

static void run_inner(void *arg)
{
    counter *inner = arg;
    th_coro *self = th_coro_current();

    th_coro_resume(inner->coro);
    inner->until = th_coro_current() == self ? inner->until : -1;
}

TEST(a_coroutine_may_resume_another_and_knows_itself_again_afterwards)
{
    counter inner = { .until = 5 };
    inner.coro = th_coro_new(count_up, &inner);
    th_coro *outer = th_coro_new(run_inner, &inner);

    CHECK(th_coro_current() == NULL);
    th_coro_resume(outer);
    CHECK(th_coro_current() == NULL);
    CHECK(th_coro_done(outer));
    CHECK_INT(inner.value, 1);
    CHECK_INT(inner.until, 5);
    th_coro_free(outer);
    th_coro_free(inner.coro);
}

static void *resume_once(void *arg)
{
    th_coro_resume(arg);
    return NULL;
}

TEST(another_thread_may_go_on_with_a_suspended_coroutine)
{
    counter c = { .until = 3 };
    pthread_t thread;
    c.coro = th_coro_new(count_up, &c);

    th_coro_resume(c.coro);
    if (!CHECK_INT(pthread_create(&thread, NULL, resume_once, c.coro), 0))
        return;
    pthread_join(thread, NULL);
    th_coro_resume(c.coro);
    CHECK_INT(c.value, 3);
    th_coro_free(c.coro);
}

TEST(a_coroutine_given_up_while_suspended_gives_its_stack_back)
{
    counter c = { .until = 3 };
    size_t before = th_stacks_taken();
    c.coro = th_coro_new(count_up, &c);

    th_coro_resume(c.coro);
    CHECK_INT(th_stacks_taken(), before + 1);
    th_coro_free(c.coro);
    CHECK_INT(th_stacks_taken(), before);
}

TEST(without_a_stack_there_is_no_coroutine_and_later_there_is_one_again)
{
    counter c = { .until = 1 };
    th_stacks_limit(th_stacks_taken() + 1);
    th_coro *first = th_coro_new(count_up, &c);

    CHECK(first != NULL);
    CHECK(th_coro_new(count_up, &c) == NULL);
    th_coro_free(first);
    first = th_coro_new(count_up, &c);
    CHECK(first != NULL);
    th_coro_free(first);
    th_stacks_limit(0);
}

#ifdef TH_WITH_TSAN
enum { MANY = 1000 }; /* the sanitizer has room for 8000 */
#elif defined(TH_WITH_ASAN)
enum { MANY = 3000 }; /* it takes minutes for what takes a quarter of a second without it */
#else
enum { MANY = 21000 };
#endif

TEST(many_thousands_live_at_the_same_time)
{
    counter *all = calloc(MANY, sizeof *all);
    long sum = 0;

    for (int i = 0; i < MANY; i++) {
        all[i].until = 2;
        all[i].coro = th_coro_new(count_up, &all[i]);
        if (!CHECK(all[i].coro != NULL))
            exit(1);
        th_coro_resume(all[i].coro);
    }
    for (int i = 0; i < MANY; i++) {
        th_coro_resume(all[i].coro);
        sum += all[i].value;
        th_coro_free(all[i].coro);
    }
    CHECK_INT(sum, 2L * MANY);
    CHECK_INT(th_stacks_taken(), 0);
    free(all);
}

__attribute__((noinline)) static int deep(volatile int *n)
{
    volatile char pad[1024];

    pad[0] = (char)*n;
    *n += 1;
    if (*n < 0) /* never: the stack ends long before */
        return 0;
    return deep(n) + pad[0];
}

static void overflow(void *arg)
{
    volatile int n = 0;

    *(int *)arg = deep(&n);
}

TEST(a_stack_that_overflows_ends_in_its_guard_and_not_in_a_neighbour)
{
    int status = 0, out = 0;
    counter neighbour = { .until = 1 };
    neighbour.coro = th_coro_new(count_up, &neighbour);
    pid_t child = fork();

    if (child == 0) {
        freopen("/dev/null", "w", stderr);
        th_coro_resume(th_coro_new(overflow, &out));
        _exit(0);
    }
    waitpid(child, &status, 0);
    CHECK(!(WIFEXITED(status) && WEXITSTATUS(status) == 0));
#if !defined(TH_WITH_ASAN) && !defined(TH_WITH_TSAN)
    CHECK(WIFSIGNALED(status) && (WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS));
#endif
    th_coro_free(neighbour.coro);
}
