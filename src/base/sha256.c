/* sha256.c - SHA-256 of FIPS 180-4, of one piece of memory. */
#include <string.h>

#include "base/ids.h"

static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2
};

static inline uint32_t rotr(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

static inline uint32_t load_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void store_be32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void expand(uint32_t w[64], const uint8_t *block)
{
    for (int i = 0; i < 16; i++)
        w[i] = load_be32(block + 4 * i);
    for (int i = 16; i < 64; i++) {
        uint32_t a = w[i - 15], b = w[i - 2];
        uint32_t s0 = rotr(a, 7) ^ rotr(a, 18) ^ a >> 3;
        uint32_t s1 = rotr(b, 17) ^ rotr(b, 19) ^ b >> 10;

        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
}

/* One round; the caller turns the names of the eight words instead of moving the words. */
static inline void mix(uint32_t a, uint32_t b, uint32_t c, uint32_t *d, uint32_t e, uint32_t f,
                       uint32_t g, uint32_t *h, uint32_t k)
{
    uint32_t t1 = *h + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + (g ^ (e & (f ^ g))) + k;
    uint32_t t2 = (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) | (c & (a | b)));

    *d += t1;
    *h = t1 + t2;
}

static void compress(uint32_t state[8], const uint8_t *block)
{
    uint32_t w[64];
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];

    expand(w, block);
    for (int i = 0; i < 64; i += 8) {
        mix(a, b, c, &d, e, f, g, &h, K[i] + w[i]);
        mix(h, a, b, &c, d, e, f, &g, K[i + 1] + w[i + 1]);
        mix(g, h, a, &b, c, d, e, &f, K[i + 2] + w[i + 2]);
        mix(f, g, h, &a, b, c, d, &e, K[i + 3] + w[i + 3]);
        mix(e, f, g, &h, a, b, c, &d, K[i + 4] + w[i + 4]);
        mix(d, e, f, &g, h, a, b, &c, K[i + 5] + w[i + 5]);
        mix(c, d, e, &f, g, h, a, &b, K[i + 6] + w[i + 6]);
        mix(b, c, d, &e, f, g, h, &a, K[i + 7] + w[i + 7]);
    }
    const uint32_t add[8] = { a, b, c, d, e, f, g, h };
    for (int i = 0; i < 8; i++)
        state[i] += add[i];
}

/* What is left of the message, a one bit, zeros, the length in bits: one block or two. */
static void finish(uint32_t h[8], const uint8_t *rest, size_t left, uint64_t n)
{
    uint8_t last[128] = { 0 };
    size_t blocks = left < 56 ? 1 : 2;

    if (left)
        memcpy(last, rest, left);
    last[left] = 0x80;
    store_be32(last + blocks * 64 - 8, (uint32_t)(n >> 29));
    store_be32(last + blocks * 64 - 4, (uint32_t)(n << 3));
    for (size_t i = 0; i < blocks; i++)
        compress(h, last + i * 64);
}

void th_sha256(const void *p, size_t n, uint8_t out[32])
{
    uint32_t h[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
    const uint8_t *bytes = p;
    size_t left = n;

    for (; left >= 64; bytes += 64, left -= 64)
        compress(h, bytes);
    finish(h, bytes, left, n);
    for (int i = 0; i < 8; i++)
        store_be32(out + 4 * i, h[i]);
}
