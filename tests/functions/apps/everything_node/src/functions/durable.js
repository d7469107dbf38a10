const { appendFileSync, existsSync, readFileSync, writeFileSync } = require('node:fs');
const path = require('node:path');

const { app } = require('@azure/functions');
const df = require('durable-functions');

const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
// As Python writes it: what is sorted by this text comes out alike in both languages.
const dumps = (value) => {
    if (Array.isArray(value)) return `[${value.map(dumps).join(', ')}]`;
    if (value === null || typeof value !== 'object') return JSON.stringify(value ?? null);
    return `{${Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}: ${dumps(each)}`).join(', ')}}`;
};
const sorted = (values) => [...values].sort((a, b) => (dumps(a) < dumps(b) ? -1 : 1));
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const later = (context, ms) => new Date(context.df.currentUtcDateTime.getTime() + ms);

// ---- orchestrations ----

df.app.activity('give_back', { handler: (value) => value });

df.app.activity('nap', {
    handler: async (seconds) => {
        await sleep(seconds);
        return seconds;
    },
});

df.app.activity('fail', {
    handler: (text) => {
        throw new RangeError(text);
    },
});

df.app.activity('big', { handler: (size) => 'x'.repeat(size) });

df.app.activity('circular', {
    handler: () => {
        const value = {};
        value.self = value;
        return value;
    },
});

df.app.activity('too_big', { handler: () => '"'.repeat(300 << 20) }); // each takes two characters in JSON

// Every kind of value goes to an activity and comes back.
df.app.orchestration('values', function* (context) {
    const given = [null, true, false, 0, 17, -2.5, '', 'text', '5', '"quoted"', '\u00e9\u4e2d\u{1f600}', [1, [2]], { a: { b: null } }];
    const taken = [];
    for (const value of given) taken.push(yield context.df.callActivity('give_back', value));
    return given.map((value, n) => same(value, taken[n]));
});

df.app.orchestration('input_back', function* (context) {
    return context.df.getInput();
});

df.app.orchestration('no_wait', function* () {
    return 'no generator';
});

df.app.orchestration('failing_activity', function* (context) {
    try {
        yield context.df.callActivity('fail', 'the key');
    } catch (error) {
        return error.message;
    }
});

df.app.orchestration('failing', function* (context) {
    context.df.setCustomStatus('on the way down');
    yield context.df.callActivity('give_back', 1);
    throw new Error("the orchestrator's own");
});

df.app.orchestration('failing_child', function* (context) {
    try {
        yield context.df.callSubOrchestrator('failing', undefined, `${context.df.instanceId}-child`);
    } catch (error) {
        return error.message;
    }
});

// Events of one name are queued; names match in any case.
df.app.orchestration('two_events', function* (context) {
    yield context.df.callActivity('nap', 0.2);
    const first = yield context.df.waitForExternalEvent('Ping');
    const second = yield context.df.waitForExternalEvent('Ping');
    const third = yield context.df.waitForExternalEvent('Pong');
    return [first, second, third];
});

// Adds up events, one execution each; an event that comes early is handed over.
df.app.orchestration('eternal', function* (context) {
    let total = context.df.getInput().total;
    const value = yield context.df.waitForExternalEvent('Add');
    yield context.df.callActivity('nap', 0.02);
    total += Number(value);
    if (total >= 10) return total;
    context.df.continueAsNew({ total });
});

// A timer that loses is cancelled; the loop goes on.
df.app.orchestration('racing', function* (context) {
    const won = [];
    for (let n = 0; n < 3; n++) {
        const deadline = context.df.createTimer(later(context, 3600000));
        const work = context.df.callActivity('give_back', n);
        const winner = yield context.df.Task.any([work, deadline]);
        if (!deadline.isCompleted) deadline.cancel();
        won.push(winner.result);
    }
    return won;
});

// Fails until its attempt is high enough; what it returns names the attempt.
df.app.activity('unsteady', {
    handler: async (job) => {
        const file = path.join(job.folder, job.name);
        appendFileSync(file, 'x');
        const attempt = readFileSync(file).length;
        await sleep(job.nap || 0);
        if (attempt < job.succeeds_at) throw new Error(`${job.name} ${attempt}`);
        return [job.name, attempt];
    },
});

// Retries, plain calls, timers and events side by side: every id counts.
df.app.orchestration('mixed', function* (context) {
    const folder = context.df.getInput().folder;
    const options = new df.RetryOptions(5, 4);
    const range = (n, make) => Array.from({ length: n }, (_, k) => make(k));
    let left = [
        ...range(6, (n) => context.df.callActivityWithRetry('unsteady', options,
            { folder, name: `r${n}`, succeeds_at: 1 + (n % 5), nap: 0.003 * (n % 3) })),
        ...range(4, (n) => context.df.callActivity('give_back', n)),
        ...range(3, (n) => context.df.createTimer(later(context, 7 * n))),
    ];
    const seen = [];
    while (left.length) {
        yield context.df.Task.any(left);
        if (seen.length % 4 === 0) seen.push(yield context.df.callActivity('give_back', `step ${seen.length}`));
        // All that has ended by now: Task.any would wait for another one.
        for (const task of left.filter((each) => each.isCompleted || each.isFaulted))
            seen.push(task.isFaulted ? 'failed' : task.result);
        left = left.filter((each) => !each.isCompleted && !each.isFaulted);
        if (seen.length % 4 === 1) seen.push(yield context.df.callActivity('give_back', `step ${seen.length}`));
    }
    let last;
    try {
        last = yield context.df.callActivityWithRetry('unsteady', options, { folder, name: 'last', succeeds_at: 9 });
    } catch (error) {
        last = error.message.includes('last 4');
    }
    return { results: seen.filter((s) => s !== undefined && s !== null).map(dumps).sort(), last };
});

// Fails in the middle of a fan-out, the first time.
df.app.orchestration('rewindable', function* (context) {
    const job = { folder: context.df.getInput(), succeeds_at: 2 };
    const first = yield context.df.callActivity('give_back', 0);
    const middle = yield context.df.Task.all([
        context.df.callActivity('give_back', 1),
        context.df.callActivity('unsteady', { ...job, name: 'a' }),
        context.df.callActivity('give_back', 2),
    ]);
    const last = yield context.df.callActivity('give_back', 3);
    return [first, middle, last];
});

df.app.orchestration('retried_child', function* (context) {
    try {
        yield context.df.callSubOrchestratorWithRetry('failing', new df.RetryOptions(5, 2));
    } catch (error) {
        return error.message;
    }
});

df.app.orchestration('counting', function* (context) {
    const entity = new df.EntityId('Tally', context.df.getInput());
    context.df.signalEntity(entity, 'add', 1);
    yield context.df.callEntity(entity, 'add', 2);
    let failed = false;
    try {
        yield context.df.callEntity(entity, 'unknown');
    } catch (error) {
        failed = error.message;
    }
    return [yield context.df.callEntity(entity, 'get'), failed];
});

df.app.entity('Tally', (context) => {
    let value = context.df.getState(() => 0);
    if (context.df.operationName === 'add') value += context.df.getInput();
    else if (context.df.operationName === 'tell') context.df.signalEntity(new df.EntityId('Tally', context.df.getInput()), 'add', value);
    else if (context.df.operationName === 'forget') return context.df.destructOnExit();
    else if (context.df.operationName !== 'get') throw 'no such operation';
    context.df.setState(value);
    context.df.return(value);
});

app.http('add_to_tally', {
    route: 'tally/{key}',
    methods: ['POST'],
    extraInputs: [df.input.durableClient()],
    handler: async (request, context) => {
        await df.getClient(context).signalEntity(new df.EntityId('Tally', request.params.key), 'add', 5);
        return { status: 202 };
    },
});

df.app.client.http('read_tally', {
    route: 'tally/{key}',
    methods: ['GET'],
    handler: async (request, client) => {
        const state = await client.readEntityState(new df.EntityId('Tally', request.params.key));
        return { jsonBody: [state.entityExists, state.entityState] };
    },
});

// ---- what only this SDK has, and what it says of mistakes ----

// Moves one from an entity to another; nobody else sees them between.
df.app.orchestration('transfer', function* (context) {
    const [from, to] = context.df.getInput().map((key) => new df.EntityId('Tally', key));
    const lock = yield context.df.lock(from, to);
    const before = context.df.isLocked().isLocked;
    const left = yield context.df.callEntity(from, 'get');
    yield context.df.callActivity('nap', 0.01);
    yield context.df.callEntity(from, 'add', -1);
    yield context.df.callEntity(to, 'add', 1);
    lock.release();
    return [before, context.df.isLocked().isLocked, left];
});

// The lock is given back by whoever ends, too.
df.app.orchestration('keeps_lock', function* (context) {
    yield context.df.lock(new df.EntityId('Tally', context.df.getInput()));
    throw new Error('with the lock');
});

df.app.orchestration('yields_text', function* () {
    yield 'no task';
});

df.app.orchestration('yields_signal', function* (context) {
    yield context.df.signalEntity(new df.EntityId('Tally', 'x'), 'add', 1);
});

df.app.orchestration('throws_text', function* () {
    throw 'no error';
});

df.app.orchestration('bad_results', function* (context) {
    const failures = [];
    for (const name of context.df.getInput()) {
        try {
            yield context.df.callActivity(name);
        } catch (error) {
            failures.push(error.message.split(' \n ')[0]);
        }
    }
    return failures;
});

df.app.orchestration('big_result', function* (context) {
    const text = yield context.df.callActivity('big', context.df.getInput());
    return text.length;
});

df.app.activity('traced', { handler: (input, context) => [context.traceContext?.traceParent, context.traceContext?.traceState] });

df.app.orchestration('traces', function* (context) {
    return yield context.df.callActivity('traced');
});

// Takes other steps when it is replayed, on purpose.
df.app.orchestration('other_steps', function* (context) {
    if (context.df.isReplaying || process.env.replayed) yield context.df.callActivity('nap', 0.01);
    process.env.replayed = '1';
    yield context.df.callActivity('give_back', 1);
    yield context.df.callActivity('give_back', 2);
});

// Two steps of three naps side by side.
df.app.orchestration('naps', function* (context) {
    const napThrice = () => context.df.Task.all([1, 2, 3].map(() => context.df.callActivity('nap', context.df.getInput())));
    const first = yield napThrice();
    return [...first, ...(yield napThrice())];
});

// ---- programs: what to do is the input, so that tests can make up any mixture ----

function taskOf(context, op, folder) {
    const value = op.value;
    const options = () => new df.RetryOptions(op.pause, op.attempts);
    const child = { folder, steps: op.steps };
    switch (op.op) {
        case 'call':
            return context.df.callActivity('give_back', value);
        case 'retry':
            return context.df.callActivityWithRetry('unsteady', options(), { folder, name: value, succeeds_at: op.succeeds_at, nap: op.nap });
        case 'timer':
            return context.df.createTimer(later(context, value));
        case 'event':
            return context.df.waitForExternalEvent(value);
        case 'entity':
            return context.df.callEntity(new df.EntityId('Tally', value), op.operation, 1);
        case 'child':
            return context.df.callSubOrchestrator('program', child);
        default:
            return context.df.callSubOrchestratorWithRetry('program', options(), child);
    }
}

// Each of several as they come.
function* eachOf(context, tasks) {
    const seen = [];
    for (let left = tasks; left.length; ) {
        const winner = yield context.df.Task.any(left);
        left = left.filter((task) => task !== winner);
        seen.push(winner.isFaulted ? 'failed' : (winner.result ?? null));
    }
    return sorted(seen);
}

// Each step: one thing; all of several; or each of several as they come. A failure ends it only where the step is fatal.
df.app.orchestration('program', function* (context) {
    const given = context.df.getInput();
    const results = [];
    for (const step of given.steps) {
        const tasks = step.ops.map((op) => taskOf(context, op, given.folder));
        try {
            if (step.how === 'one') results.push(yield tasks[0]);
            else if (step.how === 'all') results.push(yield context.df.Task.all(tasks));
            else results.push(yield* eachOf(context, tasks));
        } catch (error) {
            if (step.fatal) throw error;
            results.push('failed');
        }
    }
    return results.map((each) => (each === undefined ? null : each));
});

// ---- the durable client ----

const CALLS = {
    start: (client, id, request, body) => client.startNew(request.query.get('name'), { instanceId: id, input: body }),
    status: async (client, id) => {
        try {
            return await client.getStatus(id, { showInput: true, showHistory: true, showHistoryOutput: true });
        } catch (error) {
            return null;
        }
    },
    all: async (client) => (await client.getStatusAll()).map((s) => s.instanceId),
    by: async (client, id, request) => (await client.getStatusBy({ runtimeStatus: [request.query.get('status')] })).map((s) => s.instanceId),
    raise: (client, id, request, body) => client.raiseEvent(id, request.query.get('name'), body),
    purge: async (client, id) => (await client.purgeInstanceHistory(id)).instancesDeleted,
    terminate: (client, id) => client.terminate(id, 'for a reason'),
    rewind: (client, id) => client.rewind(id, 'for a reason'),
    suspend: (client, id) => client.suspend(id, 'for a reason'),
    resume: (client, id) => client.resume(id, 'for a reason'),
    restart: (client, id) => fetch(`${client.createHttpManagementPayload(id).restartPostUri}&restartWithNewInstanceId=false`, { method: 'POST' })
        .then((answer) => answer.json()),
};

// Calls one method of the client; the answer is what it gave, as JSON.
app.http('use_client', {
    route: 'client/{call}/{id?}',
    extraInputs: [df.input.durableClient()],
    handler: async (request, context) => {
        const client = df.getClient(context);
        const { call, id } = request.params;
        const text = await request.text();
        if (call === 'wait')
            return client.waitForCompletionOrCreateCheckStatusResponse(request, id, {
                timeoutInMilliseconds: Number(request.query.get('timeout') || 5000),
                retryIntervalInMilliseconds: 100,
            });
        if (call === 'payload') return client.createCheckStatusResponse(request, id);
        const result = await CALLS[call](client, id, request, text ? JSON.parse(text) : undefined);
        return { body: JSON.stringify(result === undefined ? null : result) };
    },
});

// The durable HTTP call of the SDK.
df.app.orchestration('calls_http', function* (context) {
    return yield context.df.callHttp({
        method: 'POST',
        url: context.df.getInput(),
        body: 'body of the call',
        headers: { 'X-One': '1' },
    });
});

// A service that answers 202 the first time, and where to ask again.
let asked = 0;

app.get('job', {
    route: 'job',
    handler: (request) => (asked++ % 2 === 0 ? { status: 202, headers: { Location: request.url, 'Retry-After': '1' } } : { status: 200, body: 'done' }),
});

df.app.orchestration('asks_job', function* (context) {
    const { url, enablePolling } = context.df.getInput();
    const answer = yield context.df.callHttp({ method: 'GET', url, enablePolling });
    return [answer.statusCode, answer.content || null];
});

// ---- crashes ----

// Takes its whole process down the first time.
df.app.activity('crash_once', {
    handler: (folder) => {
        const file = path.join(folder, 'crashed');
        if (!existsSync(file)) {
            writeFileSync(file, '');
            process.kill(process.pid, 'SIGKILL');
        }
        return process.pid;
    },
});

df.app.activity('crash', { handler: () => process.exit(7) });

// A promise that nobody waits for is rejected: that ends Node.
df.app.activity('stray', {
    handler: async () => {
        Promise.reject(new Error('stray'));
        await sleep(0.5);
    },
});

df.app.orchestration('poisoned', function* (context) {
    try {
        yield context.df.callActivity('crash');
    } catch (error) {
        return error.message;
    }
});

df.app.orchestration('strays', function* (context) {
    try {
        yield context.df.callActivity('stray');
    } catch (error) {
        return error.message;
    }
});

df.app.orchestration('survives', function* (context) {
    const first = yield context.df.callActivity('give_back', 1);
    yield context.df.callActivity('crash_once', context.df.getInput());
    const third = yield context.df.callActivity('give_back', 3);
    return [first, third];
});
