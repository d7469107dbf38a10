'use strict';
// Messages of the channel (FunctionRpc in JSON) as the package @azure/functions knows them, and back.

const bytesOf = (text) => Buffer.from(text, 'base64');

function requestOf(http) {
    const body = http.body && typeof http.body.bytes === 'string' ? { bytes: bytesOf(http.body.bytes) } : {};
    return { ...http, body };
}

// TypedData from the host.
function fromHost(data) {
    if (!data || Object.keys(data).length === 0) return undefined;
    if (data.http) return { http: requestOf(data.http) };
    if (typeof data.bytes === 'string') return { bytes: bytesOf(data.bytes) };
    return data;
}

function invocationOf(request) {
    const retry = request.retry_context;
    const trace = request.trace_context;
    const metadata = Object.entries(request.trigger_metadata || {});
    return {
        invocationId: request.invocation_id,
        functionId: request.function_id,
        inputData: (request.input_data || []).map((i) => ({ name: i.name, data: fromHost(i.data) })),
        triggerMetadata: Object.fromEntries(metadata.map(([name, data]) => [name, fromHost(data)])),
        traceContext: trace && { traceParent: trace.trace_parent, traceState: trace.trace_state, attributes: trace.attributes },
        retryContext: retry && { retryCount: retry.retry_count, maxRetryCount: retry.max_retry_count },
    };
}

const SAME_SITE = { none: 'None', lax: 'Lax', strict: 'Strict', explicitNone: 'ExplicitNone' };
const plain = (nullable) => (nullable ? nullable.value : undefined);

function cookieToHost(cookie) {
    const expires = plain(cookie.expires);
    return {
        name: cookie.name,
        value: cookie.value,
        domain: plain(cookie.domain),
        path: plain(cookie.path),
        expires: expires ? new Date(Number(expires.seconds) * 1000).toUTCString() : undefined,
        secure: plain(cookie.secure),
        http_only: plain(cookie.httpOnly),
        same_site: SAME_SITE[cookie.sameSite],
        max_age: plain(cookie.maxAge),
    };
}

const base64Of = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');

function httpToHost(http) {
    return {
        status_code: http.statusCode,
        headers: http.headers,
        cookies: (http.cookies || []).map(cookieToHost),
        body: toHost(http.body),
    };
}

// TypedData to the host; without a value it is {}.
function toHost(data) {
    if (data === null || data === undefined) return {};
    if (data.http) return { http: httpToHost(data.http) };
    if (data.bytes) return { bytes: base64Of(data.bytes) };
    return data;
}

module.exports = { invocationOf, toHost };
