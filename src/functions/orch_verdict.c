/*
 * orch_verdict.c - what the engine is told about an episode.
 */
#include "functions/orch_int.h"

th__verdict th__verdict_of(th__orch *o, th_answer_kind kind)
{
    th__verdict v = { .is_due = true, .run = o->run };

    v.answer = (th_answer){ .token = o->run->token, .kind = kind };
    v.answer.completion.id = TH_NONE;
    o->broken |= kind != TH_ANSWER_DONE;
    o->run = NULL;
    return v;
}

th__verdict th__verdict_done(th__orch *o)
{
    th__run *run = o->run;

    o->expected_seq = run->next_seq;
    const char *memo = th__orch_memo(o, run->arena);
    th__verdict v = th__verdict_of(o, TH_ANSWER_DONE);
    v.answer.actions = run->actions;
    v.answer.action_count = run->action_count;
    v.answer.status_op = run->status_op;
    v.answer.custom_status = run->status;
    v.answer.memo = memo;
    return v;
}

static const char *failure_text(th__orch *o, const char *type, const char *message,
                                const char *stack)
{
    th_buf out = TH_BUF_INIT;

    th__failure_json(&out, type, message, stack);
    const char *text = th_strdup(o->run->arena, out.data);
    th_buf_free(&out);
    return text;
}

th__verdict th__verdict_failed(th__orch *o, const char *error, const char *stack)
{
    const char *message = th_sprintf(o->run->arena, "Orchestrator function '%s' failed: %s",
                                     o->f->durable_name, error);
    const char *failure = failure_text(o, "OrchestratorFailed", message, stack);
    th__verdict v = th__verdict_done(o);

    v.answer.completion =
        (th_completion){ .done = true, .status = TH_FAILED, .id = TH_NONE, .failure = failure };
    return v;
}

th__verdict th__verdict_unreplayable(th__orch *o, const char *text)
{
    const char *failure = failure_text(o, "NonDeterministicOrchestrationException", text, NULL);
    th__verdict v = th__verdict_of(o, TH_ANSWER_NOT_REPLAYABLE);

    v.answer.failure = failure;
    return v;
}

/* Events that nobody has seen are handed over to the next execution. */
static void put_carry(th__orch *o, th_completion *c, th__run *run)
{
    th_event *carry = th_new(run->arena, th_event, o->held_count + run->count + 1);

    for (size_t i = 0; i < o->held_count; i++)
        carry[c->carry_count++] = o->held[i];
    for (size_t i = run->at; i < run->count; i++)
        if (run->fresh[i].kind == TH_EventRaised)
            carry[c->carry_count++] = run->fresh[i];
    c->carry = carry;
}

th__verdict th__verdict_ended(th__orch *o, const th__steps *steps)
{
    th__verdict v = th__verdict_done(o);
    th_completion *c = &v.answer.completion;

    c->done = true;
    c->status = steps->renews ? TH_CONTINUED_AS_NEW : TH_COMPLETED;
    c->result = steps->output;
    if (!steps->renews)
        return v;
    c->result = NULL;
    c->new_input = steps->new_input;
    put_carry(o, c, v.run);
    return v;
}
