const { app } = require('@azure/functions');

const counts = { started: 0, before: 0, after: 0 };
module.exports = { counts };

app.hook.appStart(() => {
    counts.started++;
});
app.hook.preInvocation((context) => {
    counts.before++;
    if (context.invocationContext.functionName === 'hooked') context.inputs = [context.inputs[0], 'from the hook'];
});
app.hook.postInvocation((context) => {
    counts.after++;
    if (context.invocationContext.functionName === 'hooked') context.result = { ...context.result, status: 207 };
});
