"""The service as bytes: calls by path, with messages made by hand or by the SDK's generated code."""
import queue
import threading

import grpc

from durabletask.internal import orchestrator_service_pb2 as pb

SERVICE = "/TaskHubSidecarService/"


class Raw:
    """A client of one service. call() takes a message or bytes, and gives bytes."""

    def __init__(self, port, metadata=(), credentials=None):
        target = f"localhost:{port}"
        self.channel = (grpc.secure_channel(target, credentials) if credentials else grpc.insecure_channel(target))
        self.metadata = list(metadata)

    def call(self, method, message=b"", timeout=10, metadata=None):
        data = message if isinstance(message, bytes) else message.SerializeToString()
        return self.channel.unary_unary(SERVICE + method)(
            data, timeout=timeout, metadata=self.metadata if metadata is None else metadata)

    def code(self, method, message=b"", **kw):
        """The status code and its text; OK and "" when the call went well."""
        try:
            self.call(method, message, **kw)
            return grpc.StatusCode.OK, ""
        except grpc.RpcError as e:
            return e.code(), e.details()

    def close(self):
        self.channel.close()


def field(number, body):
    """A length-delimited field on the wire."""
    return bytes([number << 3 | 2]) + length(len(body)) + body


def length(n):
    out = b""
    while n > 0x7F:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


class Stream:
    """A worker by hand: the items of one GetWorkItems call, health pings left out."""

    def __init__(self, raw, request=None, metadata=None):
        self.raw = raw
        self.items = queue.Queue()
        self.call = raw.channel.unary_stream(SERVICE + "GetWorkItems")(
            (request or pb.GetWorkItemsRequest()).SerializeToString(),
            metadata=raw.metadata if metadata is None else metadata)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            for data in self.call:
                item = pb.WorkItem.FromString(data)
                if item.WhichOneof("request") != "healthPing":
                    self.items.put(item)
        except grpc.RpcError:
            pass

    def next(self, timeout=10):
        """The next item; queue.Empty when none comes."""
        return self.items.get(timeout=timeout)

    def answer(self, item, actions=(), **kw):
        """Completes an orchestrator's item."""
        self.raw.call("CompleteOrchestratorTask", response(item, actions, **kw))

    def complete(self, item, result="null", **kw):
        """Completes an orchestrator's item and its instance."""
        self.answer(item, [completion(result)], **kw)

    def result(self, item, value="null"):
        """Completes an activity's item."""
        answer = pb.ActivityResponse(instanceId=item.activityRequest.orchestrationInstance.instanceId,
                                     taskId=item.activityRequest.taskId, completionToken=item.completionToken)
        answer.result.value = value
        self.raw.call("CompleteActivityTask", answer)

    def close(self):
        self.call.cancel()


def response(item, actions=(), **kw):
    return pb.OrchestratorResponse(instanceId=item.orchestratorRequest.instanceId, actions=actions,
                                   completionToken=item.completionToken, **kw)


def completion(result="null", status=pb.ORCHESTRATION_STATUS_COMPLETED, number=100):
    action = pb.OrchestratorAction(id=number, completeOrchestration=pb.CompleteOrchestrationAction(
        orchestrationStatus=status))
    action.completeOrchestration.result.value = result
    return action


def task(number, name, **kw):
    return pb.OrchestratorAction(id=number, scheduleTask=pb.ScheduleTaskAction(name=name, **kw))


__all__ = ["Raw", "Stream", "completion", "field", "pb", "response", "task"]
