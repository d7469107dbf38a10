'use strict';
// Language worker for Node apps of the v4 model. The channel is described in ../README.md.

const { inspect, parseArgs } = require('node:util');

const { tidyFailure, tidyState } = require('./actions.js');
const { App, AppError, metadataOf } = require('./app.js');
const { Channel } = require('./channel.js');
const { Core } = require('./core.js');
const { watchParent } = require('./parent.js');
const { invocationOf, toHost } = require('./rpc.js');
const stream = require('./stream.js');

const SUCCESS = { status: 'Success' };
const LEVELS = { trace: 'Trace', debug: 'Debug', information: 'Information', warning: 'Warning', error: 'Error', critical: 'Critical' };

// What was thrown may be anything.
const errorOf = (thrown) => (thrown instanceof Error ? thrown : new Error(typeof thrown === 'string' ? thrown : inspect(thrown)));

function failure(thrown) {
    const error = errorOf(thrown);
    if (error instanceof AppError) return { status: 'Failure', exception: { message: error.message, type: 'Error' } };
    const type = String(error.name || 'Error');
    const exception = { message: `${type}: ${error.message}`, type, stack_trace: String(error.stack || ''), is_user_exception: true };
    return { status: 'Failure', exception };
}

class Worker {
    constructor(channel, id) {
        this.channel = channel;
        this.id = id;
        this.core = new Core((level, category, message) => this.log(level, category, message));
        this.app = null;
        this.loaded = null; // the promise that it is
        this.functions = new Map(); // by id
        this.server = null; // of an app that streams; see stream.js
        this.appData = {};
        this.running = 0;
        this.isEnding = false;
    }

    // of: the context of an invocation.
    log(level, category, message, of = undefined) {
        const hook = { level, message, category, invocationContext: of, hookData: {}, appHookData: this.appData };
        for (const callback of this.core.hooks.log) callback(hook);
        this.channel.send({
            rpc_log: {
                invocation_id: of ? of.invocationId : '',
                category: 'app',
                level: LEVELS[hook.level] || 'Information',
                message: String(hook.message),
                log_category: category === 'system' ? 'System' : 'User',
            },
        });
    }

    // ---- loading ----

    load() {
        this.loaded = this.loaded || this.loadOnce();
        return this.loaded;
    }

    async loadOnce() {
        await this.app.load();
        await this.core.runHooks('appStart', { hookData: {}, appHookData: this.appData, functionAppDirectory: this.app.folder });
        this.core.isLoading = false;
        if (this.core.model) this.server = await stream.openModel(this.core.model, {});
        for (const fn of this.core.functions) {
            fn.metadata = metadataOf(fn, this.app.folder, this.app.package.main);
            this.functions.set(fn.metadata.function_id, fn);
        }
    }

    worker_init_request(requestId, message) {
        let result = SUCCESS;
        this.app = new App(message.function_app_directory || process.cwd());
        try {
            this.app.check();
            this.core.install();
        } catch (error) {
            result = { status: 'Failure', exception: { message: error.message, type: 'Error' } };
        }
        this.channel.send({
            request_id: requestId,
            worker_init_response: {
                result,
                capabilities: { RawHttpBodyBytes: 'true', RpcHttpBodyOnly: 'true', RpcHttpTriggerMetadataRemoved: 'true', WorkerStatus: 'true' },
                worker_metadata: {
                    runtime_name: 'node',
                    runtime_version: process.versions.node,
                    worker_version: '1',
                    custom_properties: this.app.versions,
                },
            },
        });
    }

    async functions_metadata_request(requestId) {
        const answer = { function_metadata_results: [], result: SUCCESS };
        try {
            await this.load();
            answer.function_metadata_results = [...this.functions.values()].map((fn) => fn.metadata);
        } catch (error) {
            answer.result = failure(error);
        }
        this.channel.send({ request_id: requestId, function_metadata_response: answer });
    }

    async function_load_request(requestId, message) {
        let result = SUCCESS;
        try {
            await this.load();
            if (!this.functions.has(message.function_id)) throw new Error(`there is no function ${message.function_id}`);
        } catch (error) {
            result = failure(error);
        }
        this.channel.send({ request_id: requestId, function_load_response: { function_id: message.function_id, result } });
    }

    worker_status_request(requestId) {
        this.channel.send({ request_id: requestId, worker_status_response: {} });
    }

    // ---- invocations ----

    // The callback between the hooks, which may change what it is, gets and gives.
    async call(fn, model, core) {
        const { context, inputs } = await model.getArguments();
        core.context = context;
        const shared = { hookData: {}, appHookData: this.appData, invocationContext: context };
        const before = { ...shared, functionCallback: fn.callback, inputs };
        await this.core.runHooks('preInvocation', before);
        const after = { ...shared, inputs: before.inputs, result: null, error: null };
        try {
            after.result = await model.invokeFunction(context, before.inputs, before.functionCallback);
            tidyState(context, after.result);
        } catch (error) {
            after.error = errorOf(error);
            tidyFailure(context, after.error);
        }
        await this.core.runHooks('postInvocation', after);
        if (after.error) throw after.error; // unless a hook took it away
        return model.getResponse(context, after.result);
    }

    // An app that streams gives its answer to what the request was put into.
    async run(fn, invocation) {
        const sent = this.server && invocation.inputData.map((input) => input.data && input.data.http).find(Boolean);
        const reply = sent ? stream.put(this.server, invocation, sent) : null;
        const metadata = { name: fn.name, bindings: fn.bindings };
        const log = (level, category, message) => this.log(level, category, message, core.context);
        const core = { invocationId: invocation.invocationId, request: invocation, metadata, log, context: undefined };
        const response = await this.call(fn, this.core.model.getInvocationModel(core), core);
        if (reply) response.returnValue = await stream.answerOf(reply);
        return {
            result: SUCCESS,
            return_value: toHost(response.returnValue),
            output_data: (response.outputData || []).map((output) => ({ name: output.name, data: toHost(output.data) })),
        };
    }

    async invocation_request(requestId, request) {
        const fn = this.functions.get(request.function_id);
        const answer = (members) => this.channel.send({ invocation_response: { invocation_id: request.invocation_id, ...members } });
        this.running++;
        try {
            if (!fn) throw new Error(`there is no function ${request.function_id}`);
            answer(await this.run(fn, invocationOf(request)));
        } catch (error) {
            answer({ result: failure(error) }); // also of an answer that is too long to be written
        }
        this.running--;
        if (this.isEnding) await this.end();
    }

    async worker_terminate() {
        this.isEnding = true;
        await this.end();
    }

    async end() {
        if (this.running) return;
        await this.core.runHooks('appTerminate', { hookData: {}, appHookData: this.appData });
        this.channel.close(() => process.exit(0));
    }

    // ---- life ----

    take(message) {
        for (const [kind, content] of Object.entries(message))
            if (KINDS.has(kind) && content && typeof content === 'object') this[kind](message.request_id, content);
    }
}

const KINDS = new Set(['worker_init_request', 'functions_metadata_request', 'function_load_request', 'invocation_request',
    'worker_status_request', 'worker_terminate']);

function main() {
    const names = ['functions-channel', 'functions-worker-id', 'functions-request-id', 'functions-max-message-length'];
    const options = Object.fromEntries(names.map((name) => [name, { type: 'string' }]));
    const { values } = parseArgs({ options });
    const channel = new Channel(Number(values['functions-channel'].replace('fd:', '')), (message) => worker.take(message));
    const worker = new Worker(channel, values['functions-worker-id']);
    watchParent();
    channel.send({ start_stream: { worker_id: worker.id } });
}

main();
