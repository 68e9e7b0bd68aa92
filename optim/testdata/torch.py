"""Makes torch.json: what PyTorch's optimisers and schedulers do.

	python3 torch.py > torch.json

Weights and gradients are exact fractions that optim's tests make by the same
formulas. The weights stand after STEPS steps, in float32 and float64.
"""
import json
import sys
import warnings

import torch
from torch import optim
from torch.optim import lr_scheduler as sched

warnings.simplefilter("ignore")
N, STEPS = 37, 24


def weights(dtype):
    return torch.tensor([((i * 29) % 64 - 31) / 32 for i in range(N)], dtype=dtype)


def gradient(step, dtype):
    return torch.tensor([((i * 37 + step * 101) % 64 - 31) / 16 for i in range(N)], dtype=dtype)


RULES = {
    "sgd": (optim.SGD, dict(lr=0.1)),
    "sgd decay": (optim.SGD, dict(lr=0.1, weight_decay=0.05)),
    "sgd momentum": (optim.SGD, dict(lr=0.1, momentum=0.9)),
    "sgd dampening": (optim.SGD, dict(lr=0.1, momentum=0.9, dampening=0.3, weight_decay=0.05)),
    "sgd nesterov": (optim.SGD, dict(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.05)),
    "adam": (optim.Adam, dict(lr=0.01)),
    "adam decay": (optim.Adam, dict(lr=0.01, betas=(0.5, 0.99), eps=1e-3, weight_decay=0.05)),
    "adam beta 0": (optim.Adam, dict(lr=0.01, betas=(0.0, 0.9))),
    "adamw": (optim.AdamW, dict(lr=0.01)),
    "adamw decay": (optim.AdamW, dict(lr=0.01, betas=(0.8, 0.95), weight_decay=0.3)),
    "rmsprop": (optim.RMSprop, dict(lr=0.01)),
    "rmsprop decay": (optim.RMSprop, dict(lr=0.01, alpha=0.9, eps=1e-3, weight_decay=0.05)),
    "rmsprop centred": (optim.RMSprop, dict(lr=0.01, alpha=0.9, centered=True)),
    "rmsprop momentum": (optim.RMSprop, dict(lr=0.01, momentum=0.8)),
    "rmsprop all": (optim.RMSprop, dict(lr=0.01, alpha=0.95, eps=1e-4, weight_decay=0.05, momentum=0.8, centered=True)),
    "adagrad": (optim.Adagrad, dict(lr=0.1)),
    "adagrad decay": (optim.Adagrad, dict(lr=0.1, lr_decay=0.05, weight_decay=0.05, eps=1e-4)),
    "adadelta": (optim.Adadelta, dict(lr=1.0)),
    "adadelta decay": (optim.Adadelta, dict(lr=0.5, rho=0.8, eps=1e-3, weight_decay=0.05)),
}


def trained(make, options, dtype):
    w = torch.nn.Parameter(weights(dtype))
    rule = make([w], foreach=False, **options)
    for step in range(STEPS):
        w.grad = gradient(step, dtype)
        rule.step()
    return w.detach().tolist()


SCHEDULES = {
    "constant": (40, lambda o: sched.ConstantLR(o, factor=1)),
    "step": (40, lambda o: sched.StepLR(o, step_size=7, gamma=0.3)),
    "cosine": (41, lambda o: sched.CosineAnnealingLR(o, T_max=40)),
    "one-cycle": (40, lambda o: sched.OneCycleLR(o, max_lr=1, total_steps=40)),
    "one-cycle short": (4, lambda o: sched.OneCycleLR(o, max_lr=1, total_steps=4)),
    "warm-up": (41, lambda o: sched.SequentialLR(o, [
        sched.LinearLR(o, start_factor=1 / 8, total_iters=7),
        sched.CosineAnnealingLR(o, T_max=33)], milestones=[8])),
}


def factors(steps, make):
    o = optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1)
    s, out = make(o), []
    for _ in range(steps):
        out.append(o.param_groups[0]["lr"])
        o.step()
        if len(out) < steps:
            s.step()
    return out


def lines(table):
    return "{\n" + ",\n".join(json.dumps(k) + ": " + json.dumps(v) for k, v in table.items()) + "\n}"


print(lines({"python": sys.version.split()[0], "torch": torch.__version__}).join(['{"versions": ', ","]))
print(lines({name: {"float32": trained(*r, torch.float32), "float64": trained(*r, torch.float64)} for name, r in RULES.items()}).join(['"rules": ', ","]))
print(lines({name: factors(*s) for name, s in SCHEDULES.items()}).join(['"schedules": ', "}"]))
