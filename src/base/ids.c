/* ids.c - see ids.h; SHA-256 is in sha256.c. */
#include "base/ids.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/base_int.h"

#define BATCH 64       /* uuids a system call */
#define ID_LONGEST 256 /* UTF-16 units of an instance id */

/* Each thread has its own stock; the child of a fork must not use up its parent's. */
static _Thread_local struct {
    th_uuid ids[BATCH];
    size_t left;
    unsigned generation;
} stock;

static atomic_uint generation;

static void new_generation(void)
{
    atomic_fetch_add_explicit(&generation, 1, memory_order_relaxed);
}

__attribute__((constructor)) static void watch_forks(void)
{
    if (pthread_atfork(NULL, NULL, new_generation) != 0)
        abort();
}

/* Without random bytes ids would collide, which nothing downstream could repair. */
static void fill_stock(void)
{
    char *p = (char *)stock.ids;

    for (size_t got = 0; got < sizeof stock.ids;) {
        ssize_t n = getrandom(p + got, sizeof stock.ids - got, 0);

        if (n < 0 && errno != EINTR)
            abort();
        if (n > 0)
            got += (size_t)n;
    }
    stock.left = BATCH;
}

th_uuid th_uuid_random(void)
{
    unsigned now = atomic_load_explicit(&generation, memory_order_relaxed);

    if (stock.left == 0 || stock.generation != now) {
        fill_stock();
        stock.generation = now;
    }

    th_uuid id = stock.ids[--stock.left];
    id.b[6] = (uint8_t)((id.b[6] & 0x0F) | 0x40);
    id.b[8] = (uint8_t)((id.b[8] & 0x3F) | 0x80);
    return id;
}

/* "000102...ff" */
#define ROW(h) \
    h "0" h "1" h "2" h "3" h "4" h "5" h "6" h "7" h "8" h "9" h "a" h "b" h "c" h "d" h "e" h "f"
static const char pairs[] = ROW("0") ROW("1") ROW("2") ROW("3") ROW("4") ROW("5") ROW("6") ROW("7")
    ROW("8") ROW("9") ROW("a") ROW("b") ROW("c") ROW("d") ROW("e") ROW("f");

void th_uuid_text(const th_uuid *id, char out[TH_UUID_TEXT])
{
    for (int i = 0; i < 16; i++)
        memcpy(out + 2 * i, pairs + 2 * id->b[i], 2);
    out[32] = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool th_uuid_parse(const char *s, th_uuid *out)
{
    th_uuid id;
    bool dashes = s && strnlen(s, 9) == 9 && s[8] == '-';

    for (int i = 0; s && i < 16; i++) {
        if (dashes && (i == 4 || i == 6 || i == 8 || i == 10) && *s++ != '-')
            return false;

        int high = hex_value(s[0]), low = high < 0 ? -1 : hex_value(s[1]);
        if (low < 0)
            return false;
        id.b[i] = (uint8_t)(high << 4 | low);
        s += 2;
    }
    if (!s || *s != '\0')
        return false;
    *out = id;
    return true;
}

bool th_uuid_is_null(const th_uuid *id)
{
    static const th_uuid null;

    return th_uuid_equal(id, &null);
}

bool th_uuid_equal(const th_uuid *a, const th_uuid *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

uint32_t th_partition_hash(const char *id)
{
    uint8_t sum[32];

    th_sha256(id, strlen(id), sum);
    return (uint32_t)sum[0] << 24 | (uint32_t)sum[1] << 16 | (uint32_t)sum[2] << 8 | sum[3];
}

int32_t th_partition_ordinal(const char *id, int32_t count)
{
    return count > 0 ? (int32_t)(th_partition_hash(id) % (uint32_t)count) : 0;
}

const char *th_instance_id_problem(const char *id)
{
    size_t units = 0, n;

    if (!id || id[0] == '\0')
        return "must not be empty";
    if (id[0] == '@')
        return "must not begin with '@'";

    size_t left = strnlen(id, 4 * ID_LONGEST + 1);
    for (; left > 0; id += n, left -= n) {
        n = th__utf8_char(id, left);
        units += n == 4 ? 2 : 1;
        if (units > ID_LONGEST)
            return "must not be longer than 256 characters";
        if (n == 0)
            return "must be valid UTF-8";
        if (n == 1 && strchr("/\\#?", *id))
            return "must not contain '/', '\\', '#' or '?'";
        if (th__is_control(id, n))
            return "must not contain control characters";
    }
    return NULL;
}
