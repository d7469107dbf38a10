'use strict';
// A function app's folder: its packages, and the files that register its functions.

const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const glob = require('./glob.js');

const OLDEST_NODE = 20;
const PACKAGES = { '@azure/functions': 4, 'durable-functions': 3 };
const KINDS = ['httpTrigger', 'durableClient', 'orchestrationTrigger', 'activityTrigger', 'entityTrigger', 'timerTrigger'];

function readPackage(file) {
    try {
        return JSON.parse(fs.readFileSync(file, 'utf8'));
    } catch (error) {
        throw new Error(`${file}: ${error.message}`);
    }
}

// The folder of a package, as the app would find it. Not by its exports: they may hide package.json.
function folderOf(folder, name) {
    for (let at = fs.realpathSync(folder); ; at = path.dirname(at)) {
        const candidate = path.join(at, 'node_modules', name);
        if (fs.existsSync(path.join(candidate, 'package.json'))) return candidate;
        if (at === path.dirname(at)) return null;
    }
}

// What stands in the way of an app, in words that need no stack.
class AppError extends Error {}

class App {
    constructor(folder) {
        this.folder = folder;
        this.package = {};
        this.versions = {}; // of the packages, by name
    }

    // What stands in the way of loading it is thrown, with what mends it.
    check() {
        const major = Number(process.versions.node.split('.')[0]);
        if (major < OLDEST_NODE)
            throw new Error(`${process.execPath} is Node ${process.versions.node}; it must be ${OLDEST_NODE} or newer (--node PATH)`);
        this.package = readPackage(path.join(this.folder, 'package.json'));
        if (typeof this.package.main !== 'string' || !this.package.main)
            throw new Error('package.json has no "main": it names the files that register functions, for example src/functions/*.js');
        this.checkPackage('@azure/functions', true);
        this.checkPackage('durable-functions', false);
    }

    checkPackage(name, isNeeded) {
        const listed = { ...this.package.dependencies, ...this.package.devDependencies };
        const folder = folderOf(this.folder, name);
        if (!folder) {
            if (isNeeded || listed[name]) throw new Error(this.missing(name));
            return;
        }
        const version = String(readPackage(path.join(folder, 'package.json')).version);
        if (Number(version.split('.')[0]) < PACKAGES[name])
            throw new Error(`${name} is ${version}; only apps of the v4 model run here: npm install ${name}@^${PACKAGES[name]}`);
        this.versions[name] = version;
    }

    missing(name) {
        const listed = { ...this.package.dependencies, ...this.package.devDependencies };
        const what = listed[name] ? '' : name === '@azure/functions' ? ' @azure/functions durable-functions' : ` ${name}`;
        return `the package ${name} is missing: cd ${this.folder} && npm install${what}`;
    }

    entries() {
        const main = this.package.main;
        const found = glob.find(this.folder, main);
        if (found.length) return found;
        const built = (this.package.scripts || {}).build ? ': npm run build' : '';
        throw new AppError(glob.hasMagic(main) ? `no file matches "main" of package.json (${main})${built}`
            : `the file that "main" of package.json names does not exist (${main})${built}`);
    }

    async load() {
        for (const entry of this.entries()) {
            try {
                await this.loadFile(path.join(this.folder, entry));
            } catch (error) {
                throw this.explained(error, entry);
            }
        }
    }

    async loadFile(file) {
        const isModule = /\.m[jt]s$/.test(file) || (this.package.type === 'module' && !/\.c[jt]s$/.test(file));
        if (isModule) await import(pathToFileURL(file).href);
        else createRequire(file)(file);
    }

    // The file is named, and a package that is missing.
    explained(error, entry) {
        if (!(error instanceof Error)) return new Error(`${entry} threw ${String(error)}`);
        const found = /Cannot find (?:module|package) '([^'./][^']*)'/.exec(error.message);
        const name = found && found[1].split('/').slice(0, found[1].startsWith('@') ? 2 : 1).join('/');
        const words = name && !path.isAbsolute(found[1]) ? this.missing(name) : error.message;
        const told = new Error(`${entry}: ${words}`);
        told.name = error.name;
        told.stack = error.stack;
        return told;
    }
}

// As the host is told. Throws: a binding that nothing here serves.
function metadataOf(fn, folder, script) {
    const bindings = Object.entries(fn.bindings).map(([name, binding]) => ({ ...binding, name }));
    for (const binding of bindings) {
        const isAnswer = binding.type === 'http' && binding.direction === 'out';
        if (!isAnswer && !KINDS.includes(binding.type))
            throw new AppError(`function '${fn.name}': there is nothing here for the binding '${binding.name}' of type ${binding.type}`);
    }
    return {
        name: fn.name,
        function_id: fn.name,
        directory: folder,
        script_file: script,
        entry_point: '',
        raw_bindings: bindings.map((binding) => JSON.stringify(binding)),
        language: 'node',
        properties: { worker_indexed: 'True' },
        status: { status: 'Success' },
    };
}

module.exports = { App, AppError, metadataOf };
