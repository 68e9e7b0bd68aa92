#!/usr/bin/env python3
"""Does limpid learn as well as PyTorch? The same network, data and schedule in both.

    python3 bench/accuracy.py --python /path/to/python-with-torch --seeds 1,2,3 --threads 2 --work /tmp/accuracy

For each network and seed it runs `limpid train` (the recipe fashion as it is,
or resnet.yaml) and then torch_train.py, which reads the settings of that run
and does the same with PyTorch's own layers. Neither sees the other's random
numbers: the seeds are samples. It prints a table for the docs: mean ± standard
deviation of the test accuracy, the difference, and its 95% interval by Welch's
t test.

It also has PyTorch measure the weights that limpid trained, on PyTorch's own
copy of the data: the two accuracies must be the same picture for picture, but
for ties, or data, normalisation or network differ. That is an error.

Results are kept in WORK/results.jsonl; what is there is not run again, so that
a stopped command goes on. --limpid names a built command; else it is built.
"""
import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
NETS = {"fashion": ["fashion"], "resnet": [os.path.join(here, "resnet.yaml")]}


def options():
    p = argparse.ArgumentParser()
    p.add_argument("--python", default=sys.executable)
    p.add_argument("--limpid")
    p.add_argument("--nets", default="fashion,resnet")
    p.add_argument("--seeds", default="1,2,3")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--work", help="folder of the runs and the results; left out: one that is thrown away")
    p.add_argument("--set", action="append", default=[], metavar="KEY=VALUE",
                   help="changes a setting of both; epochs=1 and examples=640, in a WORK of their own, show that all works")
    return p.parse_args()


def output(args, env):
    return subprocess.run(args, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout


def limpid(o, env, net, seed):
    args = [o.limpid, "train", *NETS[net], "--seed", str(seed), "--plain", "--json", "--runs-dir", os.path.join(o.work, "runs", net, str(seed))]
    for s in o.set:
        args += ["--set", s]
    r = json.loads(output(args, env))
    return {"accuracy": r["metrics"]["test"]["accuracy"], "validation": r["metrics"]["validation"]["accuracy"],
            "parameters": r["parameters"], "run": r["run"]}


def pytorch(o, env, net, seed, run):
    args = [o.python, os.path.join(here, "torch_train.py"), "--run", run, "--seed", str(seed), "--threads", str(o.threads)]
    return json.loads(output(args, env))


def check(net, seed, a, b):
    """Stops where the two cannot have trained the same network on the same data."""
    if a["parameters"] != b["parameters"]:
        sys.exit(f"{net}: limpid has {a['parameters']} parameters, PyTorch {b['parameters']}")
    if abs(a["accuracy"] - b["carried"]) > 1.5 / 2000:
        sys.exit(f"{net}, seed {seed}: limpid's weights have an accuracy of {a['accuracy']} in limpid and {b['carried']} in PyTorch")


def quantile(share, freedom):
    """Returns where Student's t distribution has that share (above a half) below it, by bisection over Simpson's rule."""
    scale = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(freedom * math.pi)

    def below(t, n=2000):
        f = [(1 + (t * i / n) ** 2 / freedom) ** (-(freedom + 1) / 2) for i in range(n + 1)]
        return .5 + scale * t / n / 3 * (f[0] + f[-1] + 4 * sum(f[1:-1:2]) + 2 * sum(f[2:-1:2]))

    low, high = 0.0, 200.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) < share else (low, middle)
    return low


def welch(a, b):
    """Returns mean(a) − mean(b) and half the width of its 95% interval."""
    va, vb = statistics.variance(a) / len(a), statistics.variance(b) / len(b)
    freedom = (va + vb) ** 2 / (va ** 2 / (len(a) - 1) + vb ** 2 / (len(b) - 1)) if va + vb > 0 else 1
    return statistics.mean(a) - statistics.mean(b), quantile(.975, freedom) * math.sqrt(va + vb)


def percent(v):
    return f"{100 * statistics.mean(v):.2f}% ± {100 * statistics.stdev(v):.2f}"


def line(net, ours, theirs):
    if len(ours) < 2:
        return f"| {net} | 1 | {100 * ours[0]:.2f}% | {100 * theirs[0]:.2f}% | {100 * (ours[0] - theirs[0]):+.2f} | |"
    gap, half = welch(ours, theirs)
    return (f"| {net} | {len(ours)} | {percent(ours)} | {percent(theirs)} | {100 * gap:+.2f} | "
            f"{100 * (gap - half):+.2f} to {100 * (gap + half):+.2f} |")


def main():
    o = options()
    with tempfile.TemporaryDirectory() as fresh:
        o.work = os.path.abspath(o.work or fresh)
        os.makedirs(o.work, exist_ok=True)
        if not o.limpid:
            o.limpid = os.path.join(fresh, "limpid")
            subprocess.run(["go", "build", "-o", o.limpid, "./cmd/limpid"], cwd=os.path.dirname(here), check=True)
        compare(o)


def compare(o):
    env = dict(os.environ, LIMPID_THREADS=str(o.threads), OMP_NUM_THREADS=str(o.threads), MKL_NUM_THREADS=str(o.threads))
    k = Kept(os.path.join(o.work, "results.jsonl"))
    for net in o.nets.split(","):
        for seed in map(int, o.seeds.split(",")):
            a = k.result("limpid", net, seed, lambda: limpid(o, env, net, seed))
            b = k.result("pytorch", net, seed, lambda: pytorch(o, env, net, seed, a["run"]))
            check(net, seed, a, b)
    print("| | seeds | limpid | PyTorch | difference | 95% interval |\n|---|---:|---:|---:|---:|---:|")
    for net in o.nets.split(","):
        print(line(net, k.accuracies("limpid", net), k.accuracies("pytorch", net)))


class Kept:
    """Results by side, network and seed, in a file of JSON lines."""

    def __init__(self, file):
        self.file, self.rows = file, {}
        if os.path.exists(file):
            with open(file) as f:
                self.rows = {(r["side"], r["net"], r["seed"]): r for r in map(json.loads, f)}

    def result(self, side, net, seed, run):
        key = side, net, seed
        if key not in self.rows:
            self.rows[key] = {"side": side, "net": net, "seed": seed, **run()}
            with open(self.file, "a") as f:
                f.write(json.dumps(self.rows[key]) + "\n")
        r = self.rows[key]
        print(f"{net}, seed {seed}, {side}: {r['accuracy']:.4f}", file=sys.stderr, flush=True)
        return r

    def accuracies(self, side, net):
        return [r["accuracy"] for (s, n, _), r in sorted(self.rows.items()) if (s, n) == (side, net)]


main()
