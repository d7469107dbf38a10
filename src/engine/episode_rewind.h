/*
 * episode_rewind.h - what a rewound execution keeps of the history of the one that failed; no I/O.
 *
 * Out go the end; each activity and each child that failed, with its retries and their pauses; and
 * what had no answer, since theirs would belong to the old run (events.md, 8). A retry that
 * succeeded in the end is a success: all of it stays. A child that failed or had not answered stays
 * as one that is awaited.
 *
 * Executors replay what is left, and take the steps again that they miss in it.
 */
#ifndef TH_ENGINE_EPISODE_REWIND_H
#define TH_ENGINE_EPISODE_REWIND_H

#include "engine/executor.h"

/* A child that the new execution waits for. */
typedef struct th_rewound_child {
    th_event created; /* with its number in the new execution */
    int32_t was_ref;  /* the number in the old one that the child's row names: its last try's */
} th_rewound_child;

typedef struct th_rewound {
    th_past_episode *episodes; /* numbered without gaps, none of them empty */
    int64_t *at_us;
    size_t count;
    th_rewound_child *children;
    size_t child_count;
} th_rewound;

/*
 * past: the episodes of the execution that failed, seqs from 0 without gaps; at_us: when each was
 * written. Texts are not copied: out lives as long as past and arena. False: the history has no
 * start.
 */
bool th_rewind_history(th_arena *arena, const th_past_episode *past, const int64_t *at_us,
                       size_t count, th_rewound *out);

#endif
