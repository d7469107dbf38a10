#!/usr/bin/python3
"""bench.py - the figures of ./dev bench, each beside its ceiling measured in the same run.

usage: ./dev bench [NAME...] [--json] [--runs N] [--count N] [--full]
"""
import argparse
import importlib
import json
import os
import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import cluster  # noqa: E402

# name: (module, runs of which the median is taken)
FIGURES = {
    "hello": ("hello", 5),
    "fan_out": ("fan_out", 3),
    "sql_activity": ("sql_activity", 3),
    "curve": ("curve", 3),
    "idle_latency": ("idle_latency", 3),
    "http_start": ("http_start", 3),
    "http_status": ("http_status", 3),
    "idle_memory": ("idle_memory", 1),
    "f2": ("f2", 1),
    "python_hello": ("python_hello", 3),
    "python_f2": ("python_f2", 1),
    "grpc_history": ("grpc_history", 1),
}


class Bench:
    """What a figure's run() gets: the cluster, the options, and where results go."""

    def __init__(self, pg, options):
        self.pg = pg
        self.json = options.json
        self.count = options.count
        self.full = options.full
        self.seconds = options.seconds
        self.runs = 0

    median = staticmethod(statistics.median)

    def report(self, figure, unit, values, ceilings=None, lower=False, **more):
        """One figure: the median of values, beside that of the ceilings. lower: less is better. The share
        is the median of the runs' own, where each has its ceiling."""
        line = {"figure": figure, "value": round(self.median(values), 4), "unit": unit, "ceiling": None}
        if ceilings:
            line["ceiling"] = round(self.median(ceilings), 4)
            line["share"] = round(self.share(values, ceilings, lower), 4)
        line["runs"] = len(values)
        line["values"] = [round(v, 4) for v in values]
        if ceilings:
            line["ceilings"] = [round(v, 4) for v in ceilings]
        line.update({k: round(v, 4) if isinstance(v, float) else v for k, v in more.items()})
        print(json.dumps(line) if self.json else text_of(line), flush=True)

    def share(self, values, ceilings, lower):
        if len(values) != len(ceilings):
            values, ceilings = [self.median(values)], [self.median(ceilings)]
        pairs = zip(ceilings, values) if lower else zip(values, ceilings)
        return self.median([better / worse for better, worse in pairs])


def number(value):
    return "-" if value is None else f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def text_of(line):
    known = ("figure", "value", "unit", "ceiling", "share", "runs", "values", "ceilings")
    text = f"{line['figure']:<18} {number(line['value']):>10} {line['unit']:<12}"
    text += f" ceiling {number(line['ceiling']):>8}"
    text += f" share {line['share']:.2f}" if "share" in line else " " * 11
    more = " ".join(f"{k}={number(v) if isinstance(v, (int, float)) and v is not None else v}"
                    for k, v in line.items() if k not in known)
    spread = f"{number(min(line['values']))}..{number(max(line['values']))}"
    return f"{text}  {line['runs']} runs {spread}  {more}"


def module_of(name):
    return importlib.import_module("figures." + FIGURES[name][0])


def help_text():
    texts = ["Figures (a name runs all figures of its module):"]
    for name in FIGURES:
        doc = module_of(name).DOC.replace("\n", "\n" + " " * 16)
        texts.append(f"  {name:<13} {doc}")
    return "\n".join(texts)


def parse(argv):
    parser = argparse.ArgumentParser(prog="./dev bench", epilog=help_text(),
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="figures; default: all")
    parser.add_argument("--json", action="store_true", help="one object a line")
    parser.add_argument("--runs", type=int, help="runs of which the median is taken")
    parser.add_argument("--count", type=int, help="instances, where a figure has that number")
    parser.add_argument("--seconds", type=int, default=5, help="of load, for the figures of HTTP")
    parser.add_argument("--full", action="store_true", help="the long forms (f2: the whole 25 s)")
    parser.add_argument("--database", default=os.environ.get("TASKHUB_DATABASE_URL"),
                        help="conninfo of a superuser of a cluster that nobody else uses")
    options = parser.parse_args(argv)
    for name in options.names:
        if name not in FIGURES:
            parser.error(f"no figure '{name}': there are {', '.join(FIGURES)}")
    if not options.database:
        parser.error("--database or TASKHUB_DATABASE_URL must name a private cluster")
    return options


def main(argv):
    options = parse(argv)
    pg = cluster.Cluster(options.database)
    bench = Bench(pg, options)
    if not bench.json:
        print(" ".join(f"{k}={v}" for k, v in pg.describe().items()), f"cpus={os.cpu_count()}", flush=True)
    failed = 0
    for name in options.names or FIGURES:
        bench.runs = options.runs or FIGURES[name][1]
        try:
            module_of(name).run(bench)
        except Exception as e:  # the other figures are wanted all the same
            print(f"bench: {name}: {type(e).__name__}: {e}", file=sys.stderr)
            failed = 1
    pg.close()
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
