// A worker of the JavaScript SDK: node worker.js PORT [auto]. Says "ready", and runs until it is killed. auto: it gets what
// it has, and nothing else.
const { TaskHubGrpcWorker, TaskEntity, EntityInstanceId, NoOpLogger, whenAll, whenAny } = require("@microsoft/durabletask-js");

const plusOne = async (_, n) => n + 1;
const fails = async (_, what) => {
  throw new TypeError(`no ${what}`);
};

const orchestrators = {
  jsSequence: async function* (ctx, n) {
    const numbers = [n];
    for (let i = 0; i < 3; i++) numbers.push(yield ctx.callActivity("jsPlusOne", numbers.at(-1)));
    return numbers;
  },
  jsFanOut: async function* (ctx, count) {
    const tasks = [];
    for (let i = 0; i < count; i++) tasks.push(ctx.callActivity("jsPlusOne", i));
    return (yield whenAll(tasks)).reduce((a, b) => a + b, 0);
  },
  jsParent: async function* (ctx, n) {
    return [yield ctx.callSubOrchestrator("jsSequence", n), yield ctx.callSubOrchestrator("jsSequence", n + 1)];
  },
  jsTimer: async function* (ctx) {
    const event = ctx.waitForExternalEvent("never");
    const timer = ctx.createTimer(0.3);
    return (yield whenAny([event, timer])) === timer ? "timer" : "event";
  },
  jsWaits: async function* (ctx) {
    ctx.setCustomStatus("waiting");
    return yield ctx.waitForExternalEvent("go");
  },
  jsCounts: async function* (ctx, n) {
    if (n < 3) ctx.continueAsNew(n + 1);
    return n;
  },
  jsFails: async function* (ctx) {
    yield ctx.callActivity("jsFails", "way");
  },
  jsEntity: async function* (ctx, key) {
    const id = new EntityInstanceId("jscounter", key);
    ctx.entities.signalEntity(id, "add", 2);
    return yield ctx.entities.callEntity(id, "add", 3);
  },
};

class Counter extends TaskEntity {
  initializeState() {
    return 0;
  }
  add(n) {
    return (this.state += n);
  }
}

async function main() {
  const worker = new TaskHubGrpcWorker({
    hostAddress: `localhost:${process.argv[2]}`,
    logger: new NoOpLogger(),
    workItemFilters: process.argv[3],
  });
  worker.addNamedActivity("jsPlusOne", plusOne);
  worker.addNamedActivity("jsFails", fails);
  for (const [name, fn] of Object.entries(orchestrators)) worker.addNamedOrchestrator(name, fn);
  worker.addNamedEntity("jscounter", () => new Counter());
  await worker.start();
  console.log("ready");
}

main();
