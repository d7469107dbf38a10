/*
 * token.h - continuation tokens of lists: a versioned text with a check sum, base64url.
 */
#ifndef TH_HTTP_TOKEN_H
#define TH_HTTP_TOKEN_H

#include <stdint.h>

#include "base/arena.h"

/* "Continue after this id, in that hub." Printable ASCII. */
const char *th_token_make(th_arena *arena, int32_t hub_id, const char *after_id);

/* The id; NULL: not a token of ours, or of another hub. */
const char *th_token_read(th_arena *arena, int32_t hub_id, const char *token);

#endif
