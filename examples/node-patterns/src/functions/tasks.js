const df = require('durable-functions');

// ---- fan out, fan in ----

df.app.activity('square', { handler: (number) => number * number });

df.app.orchestration('sum_of_squares', function* (context) {
    const tasks = [];
    for (let n = 0; n < (context.df.getInput() || 10); n++) tasks.push(context.df.callActivity('square', n));
    const squares = yield context.df.Task.all(tasks);
    return squares.reduce((sum, square) => sum + square, 0);
});

// ---- sub-orchestrations, tried again when they fail ----

df.app.orchestration('parent', function* (context) {
    const retry = new df.RetryOptions(20, 3);
    const children = [1, 2, 3].map((n) => context.df.callSubOrchestratorWithRetry('child', retry, n));
    return yield context.df.Task.all(children);
});

df.app.orchestration('child', function* (context) {
    return yield context.df.callActivity('square', context.df.getInput());
});

// ---- retries ----

const attempts = new Map();

df.app.activity('flaky', {
    handler: (job) => {
        const attempt = (attempts.get(job.id) || 0) + 1;
        attempts.set(job.id, attempt);
        if (attempt < job.succeedsAt) throw new Error(`attempt ${attempt} of ${job.id} failed`);
        return attempt;
    },
});

df.app.orchestration('retrying', function* (context) {
    const retry = new df.RetryOptions(20, 3);
    const job = { id: context.df.instanceId, succeedsAt: context.df.getInput() || 1 };
    try {
        return yield context.df.callActivityWithRetry('flaky', retry, job);
    } catch (error) {
        return `gave up: ${error.message}`;
    }
});

// ---- an HTTP call that survives restarts ----

df.app.orchestration('status_of', function* (context) {
    const answer = yield context.df.callHttp({ method: 'GET', url: context.df.getInput() });
    return answer.statusCode;
});
