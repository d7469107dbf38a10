const df = require('durable-functions');

df.app.entity('counter', (context) => {
    let value = context.df.getState(() => 0);
    switch (context.df.operationName) {
        case 'add':
            value += context.df.getInput();
            break;
        case 'reset':
            value = 0;
            break;
        case 'get':
            break;
        default:
            throw `counters don't know '${context.df.operationName}'`;
    }
    context.df.setState(value);
    context.df.return(value);
});

df.app.orchestration('counting', function* (context) {
    const counter = new df.EntityId('counter', context.df.instanceId);
    context.df.signalEntity(counter, 'add', 1);
    yield context.df.callEntity(counter, 'add', 2);
    return yield context.df.callEntity(counter, 'get');
});

// Moves an amount from one counter to another; nobody sees it in neither or in both.
df.app.orchestration('transfer', function* (context) {
    const { from, to, amount } = context.df.getInput();
    const [source, target] = [new df.EntityId('counter', from), new df.EntityId('counter', to)];
    const lock = yield context.df.lock(source, target);
    try {
        if ((yield context.df.callEntity(source, 'get')) < amount) return 'too little';
        yield context.df.callEntity(source, 'add', -amount);
        yield context.df.callEntity(target, 'add', amount);
        return 'moved';
    } finally {
        lock.release();
    }
});
