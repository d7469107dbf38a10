/* test_hmac.c - the vectors of RFC 4231 and RFC 4648, and comparison of secrets. */
#include "base/hmac.h"

#include "test.h"

/* Bytes 1, 2, 3 ... of a vector's key, or n times one byte. */
static void fill(uint8_t *out, int from, int step, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(from + step * (int)i);
}

static void check(const void *key, size_t key_len, const void *text, size_t n, const char *want)
{
    uint8_t sum[32];
    char hex[65];

    th_hmac_sha256(key, key_len, text, n, sum);
    for (int i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", sum[i]);
    CHECK_STR(hex, want);
}

static void check_text(const void *key, size_t key_len, const char *text, const char *want)
{
    check(key, key_len, text, strlen(text), want);
}

TEST(the_vectors_of_rfc_4231_with_short_keys_come_out)
{
    uint8_t key[131], text[50];

    fill(key, 0x0b, 0, 20);
    check_text(key, 20, "Hi There",
               "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    check_text("Jefe", 4, "what do ya want for nothing?",
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    fill(key, 0xaa, 0, 20);
    fill(text, 0xdd, 0, 50);
    check(key, 20, text, 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    fill(key, 0x01, 1, 25);
    fill(text, 0xcd, 0, 50);
    check(key, 25, text, 50, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
}

TEST(a_vector_of_rfc_4231_that_is_cut_begins_as_published)
{
    uint8_t key[20], sum[32];
    static const uint8_t want[16] = { 0xa3, 0xb6, 0x16, 0x74, 0x73, 0x10, 0x0e, 0xe0,
                                      0x6e, 0x0c, 0x79, 0x6c, 0x29, 0x55, 0x55, 0x2b };

    fill(key, 0x0c, 0, 20);
    th_hmac_sha256(key, 20, "Test With Truncation", 20, sum);
    CHECK_MEM(sum, want, 16);
}

TEST(the_vectors_of_rfc_4231_with_keys_longer_than_a_block_come_out)
{
    uint8_t key[131];

    fill(key, 0xaa, 0, 131);
    check_text(key, 131, "Test Using Larger Than Block-Size Key - Hash Key First",
               "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    check_text(key, 131,
               "This is a test using a larger than block-size key and a larger than block-size "
               "data. The key needs to be hashed before being used by the HMAC algorithm.",
               "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

TEST(nothing_at_all_has_its_known_sum)
{
    check("", 0, "", 0, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(secrets_are_equal_when_all_their_bytes_are)
{
    uint8_t a[32], b[32];

    fill(a, 0, 7, 32);
    fill(b, 0, 7, 32);
    CHECK(th_equal_secret(a, b, 32));
    for (size_t i = 0; i < 32; i++)
        for (int bit = 0; bit < 8; bit++) {
            b[i] ^= (uint8_t)(1 << bit);
            CHECK(!th_equal_secret(a, b, 32));
            b[i] ^= (uint8_t)(1 << bit);
        }
    CHECK(th_equal_secret(a, b, 0));
}

TEST(bytes_are_spelled_in_base64url_without_padding)
{
    uint8_t bytes[32];
    char text[TH_BASE64URL_32];

    fill(bytes, 0, 0, 32);
    th_base64url_32(bytes, text);
    CHECK_STR(text, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    fill(bytes, 0xff, 0, 32);
    th_base64url_32(bytes, text);
    CHECK_STR(text, "__________________________________________8");
    fill(bytes, 0xfb, -1, 32);
    th_base64url_32(bytes, text);
    CHECK_STR(text, "-_r5-Pf29fTz8vHw7-7t7Ovq6ejn5uXk4-Lh4N_e3dw");
}
