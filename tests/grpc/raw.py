"""The service as bytes: calls by path, with messages made by hand or by the SDK's generated code."""
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


__all__ = ["Raw", "field", "pb"]
