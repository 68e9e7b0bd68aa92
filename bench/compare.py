#!/usr/bin/env python3
"""limpid's training step against PyTorch's, interleaved on this machine.

    python3 bench/compare.py --python /path/to/python-with-torch --threads 1 --rounds 5

Runs `go test -bench Step ./train` and torch_step.py in turn and prints, for
each network, the median of each and the ratio PyTorch / limpid (above 1:
limpid is faster) with the smallest and largest ratio of a round. PyTorch may
choose between its two layouts of images.

Where other programs use the machine too, --cpu compares processor seconds
instead of those on the clock: with one thread they are the same but for what
others take away.
"""
import argparse
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
p = argparse.ArgumentParser()
p.add_argument("--python", default=sys.executable)
p.add_argument("--threads", type=int, default=1)
p.add_argument("--rounds", type=int, default=5)
p.add_argument("--seconds", type=float, default=2)
p.add_argument("--cpu", action="store_true")
o = p.parse_args()
env = dict(os.environ, CGO_ENABLED="0", GOMAXPROCS=str(max(2, o.threads)), LIMPID_THREADS=str(o.threads),
           OMP_NUM_THREADS=str(o.threads), MKL_NUM_THREADS=str(o.threads))
names = ("mlp", "cnn")


def run(args):
    return subprocess.run(args, env=env, check=True, capture_output=True, text=True).stdout


def bench(name, time):
    """Runs one benchmark; returns its steps, seconds a step, and processor seconds in all."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = run([binary, "-test.run", "^$", "-test.bench", f"^BenchmarkStep{name.upper()}$", f"-test.benchtime={time}"])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    steps, ns = re.search(r"BenchmarkStep\S*\s+(\d+)\s+([\d.]+) ns/op", out).groups()
    return int(steps), float(ns) / 1e9, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def limpid(name):
    steps, seconds, _ = bench(name, f"{o.seconds}s")
    if not o.cpu:
        return seconds
    few = max(steps // 10, 1)
    _, _, start = bench(name, f"{few}x")
    _, _, all = bench(name, f"{few + steps}x")
    return (all - start) / steps


def torch():
    args = [o.python, os.path.join(here, "torch_step.py"), "--threads", str(o.threads), "--seconds", str(o.seconds)]
    rows = [json.loads(line) for flags in ([], ["--nhwc"]) for line in run(args + flags + ["--cpu"] * o.cpu).splitlines()]
    return {n: min(r["seconds"] for r in rows if r["name"] == n) for n in names}, rows[0]["version"]


binary = os.path.join(tempfile.mkdtemp(), "train.test")
subprocess.run(["go", "test", "-c", "-o", binary, "./train"], cwd=os.path.dirname(here), check=True)
ours, theirs = [], []
for _ in range(o.rounds):
    ours.append({n: limpid(n) for n in names})
    seconds, version = torch()
    theirs.append(seconds)
for n in names:
    a, b = [r[n] for r in ours], [r[n] for r in theirs]
    ratios = [y / x for x, y in zip(a, b)]
    print(f"{n}: limpid {statistics.median(a) * 1e3:.3f} ms, PyTorch {version} {statistics.median(b) * 1e3:.3f} ms, "
          f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f}), {o.threads} thread(s), {o.rounds} rounds, "
          f"{'processor' if o.cpu else 'clock'} time")
