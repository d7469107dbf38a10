"""nginx in front of several processes, with docker/nginx.conf as it is shipped: only names, ports and folders are others."""
import os
import re
import shutil
import subprocess
import tempfile

import service as svc

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"


class Balancer:
    """Serves on .port; it knows the ports of its workers from the start, whether they run or not."""

    def __init__(self, worker_ports):
        self.port = svc.free_port()
        self.folder = tempfile.mkdtemp(prefix="taskhub-nginx-", dir="/var/tmp")
        self._conf = os.path.join(self.folder, "nginx.conf")
        with open(self._conf, "w", encoding="utf-8") as f:
            f.write(self._configuration(worker_ports))
        self._process = subprocess.Popen([NGINX, "-c", self._conf, "-e", os.path.join(self.folder, "error.log")],
                                         stdin=subprocess.DEVNULL)

    def _configuration(self, worker_ports):
        text = (svc.ROOT / "docker" / "nginx.conf").read_text(encoding="utf-8")
        server = re.search(r"^ *server worker1:7071(.*)$", text, re.M)
        assert server and "listen 7071;" in text, "docker/nginx.conf is not what this expects"
        text = re.sub(r"^ *server worker\d+:7071.*\n", "", text, flags=re.M)
        workers = "".join(f"        server 127.0.0.1:{port}{server.group(1)}\n" for port in worker_ports)
        text = text.replace("least_conn;\n", "least_conn;\n" + workers)
        text = text.replace("listen 7071;", f"listen 127.0.0.1:{self.port};").replace("worker_processes auto;",
                                                                                     "worker_processes 1;")
        temporary = "".join(f"    {kind}_temp_path {self.folder}/{kind};\n"
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return (f"daemon off;\npid {self.folder}/pid;\n" + ("user root;\n" if os.geteuid() == 0 else "") +
                text.replace("http {\n", "http {\n" + temporary))

    def close(self):
        self._process.terminate()
        self._process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)
