const { app } = require('@azure/functions');
const df = require('durable-functions');

// An HTTP-triggered function with a Durable Functions client
app.http('http_start', {
    route: 'orchestrators/{orchestratorName}',
    extraInputs: [df.input.durableClient()],
    handler: async (request, context) => {
        const client = df.getClient(context);
        const instanceId = await client.startNew(request.params.orchestratorName);
        context.log(`Started orchestration with ID = '${instanceId}'.`);
        return client.createCheckStatusResponse(request, instanceId);
    },
});

// Orchestrator
df.app.orchestration('hello_orchestrator', function* (context) {
    const outputs = [];
    outputs.push(yield context.df.callActivity('hello', 'Seattle'));
    outputs.push(yield context.df.callActivity('hello', 'Tokyo'));
    outputs.push(yield context.df.callActivity('hello', 'London'));
    return outputs;
});

// Activity
df.app.activity('hello', {
    handler: (city) => `Hello ${city}`,
});
