'use strict';
// A host that is killed closes the channel, which the worker sees once its code gives it a turn. Code that never does would
// run on for ever: so a thread beside it looks who the parent is.

const { Worker } = require('node:worker_threads');

const EVERY_MS = 1000;

const WATCH = `
const { workerData } = require('node:worker_threads');
setInterval(() => {
    if (process.ppid !== workerData.parent) process.kill(process.pid, 'SIGKILL');
}, workerData.every);
`;

function watchParent() {
    const workerData = { parent: process.ppid, every: EVERY_MS };
    const options = { eval: true, workerData, env: {}, argv: [], execArgv: [], resourceLimits: { maxOldGenerationSizeMb: 8 } };
    new Worker(WATCH, options).unref();
}

module.exports = { watchParent };
