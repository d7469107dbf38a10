"""What workers over gRPC serve is known to the hub: in the row of their process, and to whoever asks for a name."""

from given import new_id
from raw import Stream, pb
from service import app, until

GRPC = True
APPS = [app("contract")]


def names(service):
    """Orchestrators, activities and entities of the process that SDK workers are connected to."""
    row, = service.sql("select orchestrators, activities, entities from taskhub.workers_view where alive and pid = %s",
                       [service.process.pid])
    return [set(each) for each in row]


def filters(**kw):
    types = {"orchestrations": pb.OrchestrationFilter, "activities": pb.ActivityFilter, "entities": pb.EntityFilter}
    return pb.GetWorkItemsRequest(workItemFilters=pb.WorkItemFilters(
        **{kind: [types[kind](name=name) for name in given] for kind, given in kw.items()}))


def test_names_stand_in_the_row_of_the_process_while_their_worker_is_connected(service, raw):
    before = names(service)
    assert "Echo" in before[0] and "*" not in before[0]
    first = Stream(raw, filters(orchestrations=["Ship", "Bill"], activities=["Pack"]))
    second = Stream(raw, filters(orchestrations=["Ship"], entities=["stock"]))

    until(lambda: names(service) == [before[0] | {"ship", "bill"}, before[1] | {"pack"}, before[2] | {"stock"}], 5)
    first.close()
    until(lambda: names(service) == [before[0] | {"ship"}, before[1], before[2] | {"stock"}], 5)
    second.close()
    until(lambda: names(service) == before, 5)


def test_a_worker_that_takes_anything_makes_every_name_one_that_is_served(service, raw, make_service):
    name = "f" + new_id().replace("-", "")
    front = make_service(args=["--no-orchestrators", "--no-activities"]).start()

    def unserved():
        return service.sql("select name from taskhub.unserved where name = %s", [name])

    assert front.post(f"/orchestrators/{name}").status == 400
    service.sql("select taskhub.start_instance(%s, p_hub => 'TestHub')", [name])
    until(unserved, 5)
    worker = Stream(raw)
    until(lambda: not unserved(), 5)
    until(lambda: front.post(f"/orchestrators/{name}").status == 202, 5)
    assert not service.sql("select from taskhub.names where name = '*'")
    for _ in range(2):
        worker.complete(worker.next())
    worker.close()
    until(lambda: "*" not in names(service)[0], 5)


def test_a_signal_that_is_sent_again_is_carried_out_once(service, raw):
    entity = f"@counter@{new_id()}"
    request = pb.SignalEntityRequest(instanceId=entity, name="add", requestId="6f9619ff-8b86-d011-b42d-00c04fc964ff")
    later = pb.SignalEntityRequest(instanceId=entity, name="add", requestId="7f9619ff-8b86-d011-b42d-00c04fc964ff")
    later.scheduledTime.GetCurrentTime()
    later.scheduledTime.seconds += 1

    def value():
        answer = raw.call("GetEntity", pb.GetEntityRequest(instanceId=entity, includeState=True))
        return pb.GetEntityResponse.FromString(answer).entity.serializedState.value

    for _ in range(2):
        raw.call("SignalEntity", request)
        raw.call("SignalEntity", later)
    until(lambda: value() == "2")
    raw.call("SignalEntity", request)  # the entity has seen it
    raw.call("SignalEntity", pb.SignalEntityRequest(instanceId=entity, name="add", requestId=new_id()))
    until(lambda: value() == "3")
