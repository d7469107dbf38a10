"""The gRPC service as a whole: who may call, over what, and what it does with calls that make no sense."""
import os
import socket
import subprocess
import threading

import grpc
import pytest

import cli
from raw import Raw, pb
from service import free_port, until

GRPC = True


def loaded(service):
    """The libraries that its process has in memory."""
    with open(f"/proc/{service.process.pid}/maps", encoding="utf-8") as f:
        return {os.path.basename(line.split()[-1]) for line in f if ".so" in line}


def test_the_library_is_loaded_for_the_first_who_connects(make_service):
    service = make_service(grpc=True).start()
    assert not any(name.startswith("libgrpc") for name in loaded(service))
    clients = [Raw(service.grpc_port) for _ in range(8)]
    calls = [threading.Thread(target=client.call, args=("Hello",)) for client in clients]
    for call in calls:
        call.start()
    for call in calls:
        call.join(20)
    assert any(name.startswith("libgrpc") for name in loaded(service))
    assert [client.call("Hello") for client in clients] == [b""] * 8
    assert service.stop() == 0
    for client in clients:
        client.close()


def test_who_connects_and_says_nothing_is_in_nobodys_way(make_service):
    service = make_service(grpc=True).start()
    silent = [socket.create_connection(("127.0.0.1", service.grpc_port)) for _ in range(20)]
    silent[0].sendall(b"GET / HTTP/1.1\r\n\r\n")
    silent[1].close()
    client = Raw(service.grpc_port)
    assert client.call("Hello") == b""
    client.close()
    assert service.stop() == 0
    for each in silent:
        each.close()


def test_hello_is_answered(raw):
    assert raw.call("Hello") == b""


def test_an_unknown_method_is_unimplemented(raw):
    assert raw.code("Fly")[0] == grpc.StatusCode.UNIMPLEMENTED


def test_a_hub_that_is_not_there_is_not_found(raw):
    code, text = raw.code("Hello", metadata=[("taskhub", "Nowhere")])
    assert (code, text) == (grpc.StatusCode.NOT_FOUND, "there is no task hub 'Nowhere'")
    assert raw.code("Hello", metadata=[("taskhub", "no hub at all")])[0] == grpc.StatusCode.NOT_FOUND


def test_the_own_hub_and_another_one_are_found_by_name_in_any_case(service, raw):
    service.sql("select taskhub.create_hub('Other')")
    assert raw.code("Hello", metadata=[("taskhub", "testHUB")])[0] == grpc.StatusCode.OK
    assert raw.code("Hello", metadata=[("taskhub", "other")])[0] == grpc.StatusCode.OK


def test_a_connection_that_speaks_no_http2_harms_nobody(service, raw):
    import socket

    for junk in (b"GET / HTTP/1.1\r\n\r\n", b"\0" * 4096, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 4096):
        with socket.create_connection(("127.0.0.1", service.grpc_port)) as s:
            s.sendall(junk)
    assert raw.call("Hello") == b""


def test_with_keys_on_a_call_needs_a_system_or_master_key_of_its_hub(make_service):
    service = make_service(args=["--auth"], grpc=True).start()
    raw = Raw(service.grpc_port)
    keys = {kind: make_key(service, kind) for kind in ("system", "master", "function")}

    assert raw.code("Hello")[0] == grpc.StatusCode.UNAUTHENTICATED
    assert raw.code("Hello", metadata=[("x-functions-key", "wrong")])[0] == grpc.StatusCode.UNAUTHENTICATED
    assert raw.code("Hello", metadata=[("x-functions-key", "x" * 600)])[0] == grpc.StatusCode.UNAUTHENTICATED
    assert raw.code("Hello", metadata=[("taskhub", "Nowhere"), ("x-functions-key", keys["system"])])[0] == \
        grpc.StatusCode.UNAUTHENTICATED
    for kind in ("system", "master"):
        until(lambda: raw.code("Hello", metadata=[("x-functions-key", keys[kind])])[0] == grpc.StatusCode.OK, 5)
        assert raw.code("Hello", metadata=[("authorization", "Bearer " + keys[kind])])[0] == grpc.StatusCode.OK
    assert raw.code("Hello", metadata=[("x-functions-key", keys["function"])])[0] == \
        grpc.StatusCode.PERMISSION_DENIED

    by_key = [("x-functions-key", keys["master"])]
    raw.call("StartInstance", pb.CreateInstanceRequest(instanceId="acted-on", name="Nobody"), metadata=by_key)
    raw.call("SuspendInstance", pb.SuspendRequest(instanceId="acted-on"), metadata=by_key)
    raw.call("TerminateInstance", pb.TerminateRequest(instanceId="acted-on", recursive=True), metadata=by_key)
    assert service.sql("select act, key_name from taskhub.audit where hub = %s and instance_id = 'acted-on' order by audit_id",
                       [service.hub]) == [("suspend_instance", "master"), ("terminate_instance", "master")]

    done("key", "revoke", "system", "--hub", service.hub, "--database", service.database)
    until(lambda: raw.code("Hello", metadata=[("x-functions-key", keys["system"])])[0] ==
          grpc.StatusCode.UNAUTHENTICATED, 5)


def make_key(service, kind):
    return done("key", "create", kind, "--kind", kind, "--hub", service.hub, "--database", service.database).strip()


def done(*args):
    return cli.expect(cli.OK, *args, cwd="/").stdout


def test_a_port_in_use_is_an_error_when_it_was_asked_for(service, make_service):
    second = make_service(args=["--grpc-port", str(service.grpc_port)])
    second.start(ready=False)
    assert second.process.wait(20) == 5
    assert f"gRPC can't listen at 127.0.0.1:{service.grpc_port}" in second.log()


def test_no_grpc_serves_none(make_service):
    second = make_service(args=["--no-grpc"], grpc=True).start()
    with pytest.raises(grpc.FutureTimeoutError):
        grpc.channel_ready_future(grpc.insecure_channel(f"localhost:{second.grpc_port}")).result(0.3)


def test_a_certificate_without_its_key_or_that_cannot_be_read_is_refused(make_service):
    for args, words in ((["--grpc-cert", "x.pem"], "--grpc-cert and --grpc-key must be given together"),
                        (["--grpc-cert", "x.pem", "--grpc-key", "y.pem"], "x.pem can't be read")):
        second = make_service(args=args, grpc=True)
        second.start(ready=False)
        assert second.process.wait(20) == 3
        assert words in second.log()


def test_calls_go_over_tls(make_service, tmp_path):
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", key, "-out", cert, "-days", "1", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    service = make_service(args=["--grpc-cert", str(cert), "--grpc-key", str(key)], grpc=True).start()
    raw = Raw(service.grpc_port, credentials=grpc.ssl_channel_credentials(cert.read_bytes()))
    assert raw.call("Hello") == b""


def test_a_stop_ends_in_order_while_clients_are_connected(make_service):
    service = make_service(port=free_port(), grpc=True).start()
    raw = Raw(service.grpc_port)
    raw.call("Hello")
    assert service.stop() == 0
