"""What a worker of any SDK must be able to do: sequences, timers, children, events, failures, new generations. Its functions
are called <prefix>Sequence and so on."""
import pytest
from durabletask.client import OrchestrationStatus as Status

from sdk import finish
from service import until


def suite(prefix, status="waiting"):
    """The tests, for a module that has the fixture client; status: what the SDK makes of the custom status "waiting"."""

    @pytest.mark.parametrize("name, given, wanted", [
        ("Sequence", 1, [1, 2, 3, 4]),
        ("Parent", 1, [[1, 2, 3, 4], [2, 3, 4, 5]]),
        ("Timer", None, "timer"),
        ("Counts", 0, 3),
    ])
    def test_it_completes_with(client, name, given, wanted):
        state = finish(client, prefix + name, input=given)
        assert (state.runtime_status, state.get_output()) == (Status.COMPLETED, wanted)

    def test_a_failure_is_told(client):
        state = finish(client, prefix + "Fails")
        assert state.runtime_status == Status.FAILED
        assert "no way" in state.failure_details.message

    def test_events_suspend_and_custom_status(client):
        instance = client.schedule_new_orchestration(prefix + "Waits")
        until(lambda: client.get_orchestration_state(instance).serialized_custom_status == status)
        client.suspend_orchestration(instance)
        until(lambda: client.get_orchestration_state(instance).runtime_status == Status.SUSPENDED)
        client.raise_orchestration_event(instance, "go", data={"x": 1})
        client.resume_orchestration(instance)
        assert client.wait_for_orchestration_completion(instance, timeout=20).get_output() == {"x": 1}

    return test_it_completes_with, test_a_failure_is_told, test_events_suspend_and_custom_status
