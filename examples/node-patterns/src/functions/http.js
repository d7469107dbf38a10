const { app } = require('@azure/functions');
const df = require('durable-functions');

// POST /api/orchestrators/<name> starts an orchestrator; the request's body is its input.
app.http('start', {
    route: 'orchestrators/{name}/{instanceId?}',
    methods: ['POST'],
    extraInputs: [df.input.durableClient()],
    handler: async (request, context) => {
        const client = df.getClient(context);
        const body = await request.text();
        const { name, instanceId } = request.params;
        const id = await client.startNew(name, { instanceId, input: body ? JSON.parse(body) : null });
        return client.createCheckStatusResponse(request, id);
    },
});

app.http('raise_event', {
    route: 'events/{instanceId}/{name}',
    methods: ['POST'],
    extraInputs: [df.input.durableClient()],
    handler: async (request, context) => {
        await df.getClient(context).raiseEvent(request.params.instanceId, request.params.name, await request.json());
        return { status: 202 };
    },
});
