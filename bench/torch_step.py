#!/usr/bin/env python3
"""Seconds of one training step in PyTorch, for compare.py: JSON lines.

    torch_step.py --threads 1 --seconds 2 mlp cnn

mlp: 784-512-256-10, ReLU, Adam; cnn: 32 and 64 3x3 filters, ReLU, max-pool 2,
9216-128-10, SGD; both batch 64, cross-entropy, 28x28 inputs held in memory.
--nhwc lays images out as limpid does, --cpu counts processor seconds.
"""
import argparse
import json
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

p = argparse.ArgumentParser()
p.add_argument("--threads", type=int, default=1)
p.add_argument("--seconds", type=float, default=2)
p.add_argument("--nhwc", action="store_true")
p.add_argument("--cpu", action="store_true")
p.add_argument("names", nargs="*", default=["mlp", "cnn"])
o = p.parse_args()
torch.set_num_threads(o.threads)
torch.manual_seed(1)
clock = time.process_time if o.cpu else time.perf_counter


def mlp():
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))
    return net, torch.optim.Adam(net.parameters(), 1e-3)


def cnn():
    net = nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
                        nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Linear(128, 10))
    return net, torch.optim.SGD(net.parameters(), .01)


for name in o.names:
    net, opt = {"mlp": mlp, "cnn": cnn}[name]()
    x, y = torch.randn(64, 1, 28, 28), torch.randint(0, 10, (64,))
    if o.nhwc:
        net, x = net.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)

    def step():
        opt.zero_grad(set_to_none=True)
        F.cross_entropy(net(x), y).backward()
        opt.step()

    for _ in range(5):
        step()
    times, end = [], clock() + o.seconds
    while clock() < end:
        t = clock()
        step()
        times.append(clock() - t)
    times.sort()
    print(json.dumps({"name": name, "seconds": times[len(times) // 2], "steps": len(times), "version": torch.__version__}), flush=True)
