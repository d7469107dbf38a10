"""A hub whose processes have apps in different languages: functions are called by name, whatever they are written in."""
import json

import nodeapps
import pyapps

pytestmark = nodeapps.needs_node

NODE = """
const df = require('durable-functions');

df.app.activity('node_twice', { handler: (value) => [value, value] });

df.app.orchestration('node_asks', function* (context) {
    const value = context.df.getInput();
    const twice = yield context.df.callActivity('python_twice', value);
    const child = yield context.df.callSubOrchestrator('python_child', value);
    const entity = new df.EntityId('python_keeps', context.df.instanceId);
    yield context.df.callEntity(entity, 'set', value);
    let failure;
    try {
        yield context.df.callActivity('python_fails', value);
    } catch (error) {
        failure = error.message.split(' \\n ')[0];
    }
    return { twice, child, kept: yield context.df.callEntity(entity, 'get'), failure };
});

df.app.orchestration('node_child', function* (context) {
    return context.df.getInput();
});

df.app.entity('node_keeps', (context) => {
    if (context.df.operationName === 'set') context.df.setState(context.df.getInput());
    context.df.return(context.df.getState());
});

df.app.activity('node_fails', {
    handler: () => {
        throw new TypeError('in Node');
    },
});
"""

PYTHON = """
import azure.durable_functions as df
app = df.DFApp()

@app.activity_trigger(input_name="value")
def python_twice(value):
    return [value, value]

@app.orchestration_trigger(context_name="context")
def python_asks(context):
    value = context.get_input()
    twice = yield context.call_activity("node_twice", value)
    child = yield context.call_sub_orchestrator("node_child", value)
    entity = df.EntityId("node_keeps", context.instance_id)
    yield context.call_entity(entity, "set", value)
    failure = None
    try:
        yield context.call_activity("node_fails", value)
    except Exception as error:
        failure = str(error).split(" \\n ")[0]
    return {"twice": twice, "child": child, "kept": (yield context.call_entity(entity, "get")), "failure": failure}

@app.orchestration_trigger(context_name="context")
def python_child(context):
    return context.get_input()
    yield

@app.entity_trigger(context_name="context")
def python_keeps(context):
    if context.operation_name == "set":
        context.set_state(context.get_input())
    context.set_result(context.get_state())

@app.activity_trigger(input_name="value")
def python_fails(value):
    raise TypeError("in Python")
"""


def test_each_calls_what_the_other_has(make_service, tmp_path):
    folders = [nodeapps.write_app(tmp_path / "node", NODE), pyapps.write_app(tmp_path / "python", PYTHON)]
    services = [make_service(apps=[folder], args=args, hub="Mixed") for folder, args in zip(folders, ([], pyapps.WITH_PYTHON))]
    for service in services:
        service.start()
    value = {"a": [1, None, "text"]}
    # Python sends children and entities JSON in a JSON string, which Node hands out as it is.
    for asks, other, received in (("node_asks", "in Python", value), ("python_asks", "in Node", json.dumps(value))):
        status = services[0].wait_status(services[0].start_instance(asks, None, value))
        assert status["runtimeStatus"] == "Completed", status
        output = status["output"]
        assert output["twice"] == [value, value] and other in output["failure"], output
        assert (output["child"], output["kept"]) == (received, received), output
