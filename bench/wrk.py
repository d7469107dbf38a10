"""wrk, the load generator: runs it and reads what it says."""
import os
import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).resolve().parent


def _latency_ms(text, percent):
    """Of the latency distribution: a line `     50%    4.65ms`."""
    value, unit = re.search(rf"^\s+{percent}%\s+([\d.]+)(us|ms|s|m)$", text, re.MULTILINE).groups()
    return float(value) * {"us": 1e-3, "ms": 1, "s": 1e3, "m": 6e4}[unit]


def load(script, url, seconds, connections=64, **env):
    """Requests a second that were answered well, their number, and the p50 and p99 of their latency."""
    done = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(HERE / script), url],
        env={**os.environ, **env}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    text = done.stdout
    if done.returncode != 0 or "Requests/sec" not in text:
        raise RuntimeError(f"wrk: {text[-500:]}")
    for trouble in ("Non-2xx", "Socket errors"):
        if trouble in text:
            raise RuntimeError("wrk: " + re.search(trouble + ".*", text).group())
    return {"per_second": float(re.search(r"Requests/sec:\s*([\d.]+)", text).group(1)),
            "requests": int(re.search(r"(\d+) requests in", text).group(1)),
            "p50_ms": _latency_ms(text, 50),
            "p99_ms": _latency_ms(text, 99)}
