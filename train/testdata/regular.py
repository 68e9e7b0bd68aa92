"""Makes regular.json: what PyTorch makes of averaged weights and of a bound on
their rows.

	python3 regular.py > regular.json

"swa" is torch.optim.swa_utils: AveragedModel after steps 3, 5 and 7, then
update_bn over three batches. "norm" is torch.renorm of every weight matrix
after each step of SGD with momentum. Numbers are float64; x, y and the first
weights are in the file.
"""
import copy
import json
import sys

import torch
from torch import nn
from torch.optim import swa_utils

torch.manual_seed(1)
torch.set_default_dtype(torch.float64)
STEPS, BATCH, LONGEST = 8, 8, 0.7
x, y = torch.randn(STEPS * BATCH, 3), torch.randn(STEPS * BATCH, 2)


def values(net):
    return {k: v.flatten().tolist() for k, v in net.state_dict().items() if not k.endswith("num_batches_tracked")}


def train(net, after):
    rule = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    for i in range(STEPS):
        rule.zero_grad()
        nn.functional.mse_loss(net(x[i * BATCH : (i + 1) * BATCH]), y[i * BATCH : (i + 1) * BATCH]).backward()
        rule.step()
        after(i + 1)


out = {"x": x.flatten().tolist(), "y": y.flatten().tolist(), "longest": LONGEST}

net = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, 2))
first = copy.deepcopy(net)
out["start"] = values(net)
mean = swa_utils.AveragedModel(net)
train(net, lambda step: mean.update_parameters(net) if step in (3, 5, 7) else None)
swa_utils.update_bn([x[:24], x[24:48], x[48:]], mean)
out["swa"] = values(mean.module)

net = first


@torch.no_grad()
def shorten(_):
    for p in net.parameters():
        if p.dim() > 1:
            p.copy_(torch.renorm(p, 2, 0, LONGEST))


train(net, shorten)
out["norm"] = values(net)
json.dump(out, sys.stdout)
