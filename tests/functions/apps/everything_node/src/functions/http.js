const { app } = require('@azure/functions');

const { counts } = require('../index.js');

app.http('echo', {
    route: 'echo/{first}/{number:int?}',
    methods: ['GET', 'POST'],
    authLevel: 'anonymous',
    handler: async (request) => {
        const seen = {
            method: request.method,
            url: request.url,
            params: Object.fromEntries(request.query),
            route: request.params,
            header: request.headers.get('X-One'),
            body: Buffer.from(await request.arrayBuffer()).toString('latin1'),
        };
        return { status: 201, headers: { 'X-Two': '2' }, jsonBody: seen };
    },
});

app.http('literal', {
    route: 'echo/literal',
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    handler: () => ({ body: 'the literal one' }),
});

app.get('files', {
    route: 'files/{*path}',
    handler: (request) => ({
        body: Buffer.from(Array.from({ length: 256 }, (_, n) => n)),
        headers: { 'X-Path': request.params.path, 'Content-Type': 'application/octet-stream' },
    }),
});

app.http('throws', {
    handler: () => {
        throw new RangeError('on purpose');
    },
});

app.http('throws_words', {
    handler: async () => {
        throw 'on purpose, as text';
    },
});

app.http('nothing_back', { handler: () => {} });

app.http('wrong_back', { handler: () => 5 });

app.http('cookies', {
    handler: () => ({
        cookies: [
            { name: 'a', value: '1', path: '/', httpOnly: true, sameSite: 'None', secure: true },
            { name: 'b', value: '2', maxAge: 60, expires: new Date(Date.UTC(2030, 0, 2, 3, 4, 5)), sameSite: 'Lax' },
        ],
    }),
});

app.http('locked', { authLevel: 'function', handler: () => ({ body: 'open' }) });

app.http('admins_only', { authLevel: 'admin', handler: () => ({ body: 'open' }) });

app.http('settings', {
    handler: (request, context) => {
        context.warn('a warning of the app');
        console.log('a line that the app prints');
        const names = ['GREETING', 'FUNCTIONS_WORKER_RUNTIME', 'AZURE_FUNCTIONS_ENVIRONMENT', 'WEBSITE_HOSTNAME'];
        return {
            jsonBody: {
                ...Object.fromEntries(names.map((name) => [name, process.env[name]])),
                cwd: process.cwd(),
                pid: process.pid,
                context: context.functionName,
                invocation: context.invocationId,
            },
        };
    },
});

app.http('hooked', { handler: (request, added) => ({ jsonBody: { added, started: counts.started } }) });

app.http('bad_header', { handler: () => ({ headers: { 'X-Bad': 'a\r\nX-Injected: b' } }) });
