/*
 * tasks.c - how tasks complete and what that completes in turn.
 *
 * A th_when_all costs its length once; each completion costs the alls that the task is in. A
 * th_when_any leaves a mark on its tasks instead of lists to clean up: the round and their place.
 */
#include "base/buf.h"
#include "runtime/runtime_int.h"

th_task *th__task_new(th_orch *o, th__task_kind kind)
{
    th_task *task = th_new(o->scope.arena, th_task, 1);

    task->o = o;
    task->kind = (uint8_t)kind;
    task->seq = TH_NONE;
    return task;
}

/* Marks it, and wakes the orchestrator if this is what it waits for. */
static void settle(th_task *task)
{
    th_orch *o = task->o;

    task->done = true;
    task->order = ++o->completed;
    if (o->awaited == task)
        o->wake = true;
    if (o->any_round && task->any_round == o->any_round) {
        o->any_index = task->any_index;
        o->any_round = 0;
        o->wake = true;
    }
}

/* One of the all's tasks is done. True: that was the last. */
static bool count_down(th_task *all, const th_task *task)
{
    if (task->failure && !all->failure)
        all->failure = task->failure;
    return --all->u.all.open == 0;
}

void th__task_complete(th_task *task, const char *result, const char *failure)
{
    if (task->done)
        return;
    task->result = result;
    task->failure = failure;

    th_task *last = task;
    for (; task; task = task->next_done) { /* a list, since alls may be in alls */
        settle(task);
        for (th__parent *p = task->parents; p; p = p->next) {
            if (count_down(p->all, task)) {
                last->next_done = p->all;
                last = p->all;
            }
        }
    }
}

/* Takes account of a task in an all that is being made. first: of those that failed before. */
static void join(th_task *all, th_task *task, const th_task **first)
{
    th_orch *o = all->o;

    if (task->depth >= all->depth)
        all->depth = (int8_t)(task->depth + 1);
    if (!task->done) {
        th__parent *p = th_new(o->scope.arena, th__parent, 1);
        *p = (th__parent){ task->parents, all };
        task->parents = p;
        all->u.all.open++;
        return;
    }
    if (task->failure && (!*first || task->order < (*first)->order))
        *first = task;
}

th_task *th__task_all(th_orch *o, th_task *const *tasks, size_t n)
{
    th_task *all = th__task_new(o, TH__TASK_ALL);
    const th_task *failed = NULL;

    all->u.all.tasks = th_new(o->scope.arena, th_task *, n);
    all->u.all.count = n;
    for (size_t i = 0; i < n; i++) {
        all->u.all.tasks[i] = tasks[i];
        join(all, tasks[i], &failed);
    }
    if (failed)
        all->failure = failed->failure;
    if (all->u.all.open == 0)
        th__task_complete(all, NULL, all->failure);
    return all;
}

const char *th__task_results(th_task *task)
{
    th_buf out = TH_BUF_INIT;

    th_buf_chr(&out, '[');
    for (size_t i = 0; i < task->u.all.count; i++) {
        if (i > 0)
            th_buf_chr(&out, ',');
        th_buf_str(&out, th_task_result(task->u.all.tasks[i]));
    }
    th_buf_chr(&out, ']');
    const char *text = th_strndup(task->o->scope.arena, out.data, out.len);
    th_buf_free(&out);
    return text;
}
