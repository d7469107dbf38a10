/* auth.c - see auth.h. */
#include "http/auth.h"

#include <string.h>

enum { LONGEST_KEY = 512 }; /* what is longer is not even hashed */

int th_auth_status(th_door door, th_key_kind kind)
{
    static const th_key_kind opener[] = {
        [TH_DOOR_WEBHOOK] = TH_KEY_SYSTEM, [TH_DOOR_STARTER] = TH_KEY_FUNCTION
    };

    if (door == TH_DOOR_OPEN)
        return 0;
    if (kind == TH_KEY_NONE)
        return 401;
    if (door == TH_DOOR_METRICS || kind == TH_KEY_MASTER)
        return 0;
    if (door == TH_DOOR_MASTER)
        return 403;
    return kind == opener[door] ? 0 : 403;
}

const char *th_auth_key(const char *header, const char *code)
{
    const char *key = header ? header : code;

    return key && *key && strnlen(key, LONGEST_KEY + 1) <= LONGEST_KEY ? key : NULL;
}
