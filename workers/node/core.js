'use strict';
// What the package @azure/functions asks its worker for: the module `@azure/functions-core`, which no registry has.

const Module = require('node:module');

const HOOKS = ['appStart', 'appTerminate', 'preInvocation', 'postInvocation', 'log'];

class Disposable {
    constructor(dispose) {
        this.dispose = dispose;
    }
}

// Functions, hooks and the programming model of an app, as its packages register them.
class Core {
    constructor(log) {
        this.functions = []; // { name, bindings, retryOptions, callback }
        this.model = null;
        this.hooks = Object.fromEntries(HOOKS.map((name) => [name, []]));
        this.isLoading = true;
        this.module = {
            version: '3.10.1',
            hostVersion: '4.1034.0',
            Disposable,
            log,
            setProgrammingModel: (model) => (this.model = model),
            getProgrammingModel: () => this.model,
            registerFunction: (metadata, callback) => this.register(metadata, callback),
            registerHook: (name, callback) => this.hook(name, callback),
        };
    }

    // From now on `require('@azure/functions-core')` gives this.
    install() {
        const load = Module._load;
        const own = this.module;
        Module._load = function (name, ...rest) {
            return name === '@azure/functions-core' ? own : load.call(this, name, ...rest);
        };
    }

    register(metadata, callback) {
        const name = metadata.name;
        if (!this.isLoading) throw new Error(`function '${name}': functions are registered while the app is loaded`);
        if (this.functions.some((f) => f.name.toLowerCase() === name.toLowerCase()))
            throw new Error(`two functions are called '${name}'`);
        this.functions.push({ ...metadata, callback });
        return new Disposable(() => {
            this.functions = this.functions.filter((f) => f.name !== name);
        });
    }

    hook(name, callback) {
        if (!HOOKS.includes(name)) throw new RangeError(`there is no hook '${name}'`);
        this.hooks[name].push(callback);
        return new Disposable(() => {
            this.hooks[name] = this.hooks[name].filter((c) => c !== callback);
        });
    }

    async runHooks(name, context) {
        for (const callback of this.hooks[name]) await callback(context);
    }
}

module.exports = { Core };
