/*
 * hmac.h - HMAC-SHA-256, comparison in constant time, and the spelling that keys have.
 */
#ifndef TH_BASE_HMAC_H
#define TH_BASE_HMAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RFC 2104 with SHA-256; key and text of any length. */
void th_hmac_sha256(const void *key, size_t key_len, const void *text, size_t n, uint8_t out[32]);

/* Takes as long for equal bytes as for different ones. */
bool th_equal_secret(const void *a, const void *b, size_t n);

/* 32 bytes in base64url (RFC 4648, section 5) without padding. */
#define TH_BASE64URL_32 44 /* 43 characters and a NUL */
void th_base64url_32(const uint8_t bytes[32], char out[TH_BASE64URL_32]);

#endif
