/*
 * trace.h - trace contexts as they come with requests: W3C Trace Context. The rule of
 * taskhub.trace_json.
 */
#ifndef TH_BASE_TRACE_H
#define TH_BASE_TRACE_H

#include "base/arena.h"

/*
 * The headers traceparent and tracestate (NULL: not there) as events have them: a JSON object
 * {parent, state?}, in arena. NULL: there is none, or it is none by the rules, which a receiver
 * then leaves aside; so it does with a state that breaks them.
 */
const char *th_trace_json(th_arena *arena, const char *traceparent, const char *tracestate);

/* The other way: NULL where there is none. json NULL is fine. */
void th_trace_read(th_arena *arena, const char *json, const char **traceparent,
                   const char **tracestate);

#endif
