/*
 * replay.h - matches steps with history; names the first event that differs.
 *
 * A cold orchestrator is run against its past episodes: each is delivered as it was, and each step
 * that the code takes must be the event that the episode produced, in order. The first that is not,
 * one that is missing, or an orchestrator that ends too early is a difference.
 *
 * After a rewind, history lacks the events that were cut out, while the code still takes those
 * steps. They are told by their ordinal (how many steps the code took before; kept in `x` where it
 * is not the id) and are taken again in the first episode after the rewind. Steps that the code
 * took because one of them had failed are left over then, and are passed over.
 */
#ifndef TH_RUNTIME_REPLAY_H
#define TH_RUNTIME_REPLAY_H

#include "runtime/runtime_int.h"

typedef enum th__match { TH__SAME, TH__CUT, TH__DIFFERS } th__match;

/*
 * Compares a step with the event that history has for it. TH__SAME: *event is it. TH__CUT: a rewind
 * took it out. extra: a step that a retry policy took, which has no ordinal.
 */
th__match th__replay_match(th_orch *o, const th_action *action, bool extra, int32_t ordinal,
                           const th_event **event);

/* Runs the past. False: o->replay.difference says what differs. */
bool th__replay_past(th_orch *o, const th_orch_item *item);

#endif
