'use strict';
// Apps that turn HTTP streaming on (`app.setup({ enableHttpStream: true })`, as new projects do) take requests from an
// HTTP server that their package opens for the host. Here requests come over the channel: the package gets a server that
// listens nowhere, requests are put into it, and answers are taken from it whole.

const { EventEmitter } = require('node:events');
const http = require('node:http');
const { Readable } = require('node:stream');

class Server extends EventEmitter {
    listen(...rest) {
        const then = rest.find((each) => typeof each === 'function');
        if (then) setImmediate(then);
        return this;
    }

    address() {
        return { address: '127.0.0.1', family: 'IPv4', port: 1 };
    }

    close() {
        return this;
    }
}

// What the package writes its answer to.
class Reply {
    constructor() {
        this.statusCode = 200;
        this.headers = {};
        this.parts = [];
        this.ended = new Promise((resolve) => (this.end = resolve));
    }

    setHeader(name, value) {
        this.headers[name.toLowerCase()] = value;
    }

    write(part) {
        this.parts.push(Buffer.from(part));
        return true;
    }
}

const OURS = ['x-ms-invocation-id', 'content-length'];

// The model's capabilities, and the server that it has opened for them; null: none.
async function openModel(model, capabilities) {
    const createServer = http.createServer;
    let server = null;
    http.createServer = () => (server = new Server());
    try {
        await model.getCapabilities(capabilities);
    } finally {
        http.createServer = createServer;
    }
    return server;
}

// Puts a request in; the function's answer is in what it returns, once the package is done.
function put(server, invocation, sent) {
    const url = new URL(sent.url);
    const request = Readable.from(sent.body && sent.body.bytes ? [sent.body.bytes] : []);
    const forwarded = { 'x-forwarded-host': url.host, 'x-forwarded-proto': url.protocol.slice(0, -1) };
    const headers = { ...sent.headers, ...forwarded, 'x-ms-invocation-id': invocation.invocationId };
    const reply = new Reply();
    Object.assign(request, { method: sent.method, url: url.pathname + url.search, headers });
    invocation.triggerMetadata = { Headers: { json: JSON.stringify(sent.headers || {}) } };
    for (const [name, value] of Object.entries(sent.params || {})) invocation.triggerMetadata[name] = { string: value };
    server.emit('request', request, reply);
    return reply;
}

async function answerOf(reply) {
    await reply.ended;
    const headers = Object.entries(reply.headers).filter(([name]) => !OURS.includes(name));
    const body = { bytes: Buffer.concat(reply.parts) };
    return { http: { statusCode: String(reply.statusCode), headers: Object.fromEntries(headers), body } };
}

module.exports = { openModel, put, answerOf };
