const df = require('durable-functions');

const later = (context, seconds) => new Date(context.df.currentUtcDateTime.getTime() + seconds * 1000);

// ---- human interaction: an answer in time, or not ----

df.app.orchestration('approval', function* (context) {
    context.df.setCustomStatus('waiting for an answer');
    const timeout = context.df.createTimer(later(context, context.df.getInput() || 3600));
    const answer = context.df.waitForExternalEvent('Approval');
    const winner = yield context.df.Task.any([answer, timeout]);
    if (winner === timeout) return 'nobody answered';
    timeout.cancel();
    context.df.setCustomStatus({ answer: answer.result });
    return answer.result ? 'approved' : 'refused';
});

// ---- monitor: looks again and again until something is so, or its time is up ----

df.app.activity('look', { handler: ({ since, seconds }) => Date.now() - since >= seconds * 1000 });

df.app.orchestration('monitor', function* (context) {
    const since = context.df.currentUtcDateTime.getTime();
    const end = later(context, 60);
    while (context.df.currentUtcDateTime < end) {
        if (yield context.df.callActivity('look', { since, seconds: context.df.getInput() || 0.2 })) return 'seen';
        yield context.df.createTimer(later(context, 0.05));
    }
    return 'given up';
});

// ---- eternal: one execution after the other, each with a short history ----

df.app.orchestration('countdown', function* (context) {
    const left = context.df.getInput() || 0;
    if (left === 0) return 'done';
    yield context.df.createTimer(later(context, 0.05));
    context.df.continueAsNew(left - 1);
});
