"""Makes golden.safetensors: weights of a small network before and after some
steps of PyTorch, with everything that train adds to an optimiser.

    python3 make.py    # PyTorch 2.6.0, safetensors by hand

Networks are 3-5-2, tanh, mean squared error, float64.
"""
import json
import struct

import torch

torch.manual_seed(1)
torch.set_default_dtype(torch.float64)
out = {}


def net():
    torch.manual_seed(2)
    return torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.Linear(5, 2))


x = torch.randn(6, 8, 3)
y = torch.randn(6, 8, 2) * 3
out["x"], out["y"] = x, y


def keep(name, n):
    for key, v in n.named_parameters():
        out[name + "/" + key.replace("2.", "1.")] = v.detach().clone()


keep("start", net())


def run(name, make, clip=None, clip_value=None, parts=1, schedule=None, ema=None):
    n = net()
    opt = make(n)
    sched = torch.optim.lr_scheduler.LambdaLR(opt, schedule) if schedule else None
    avg = torch.optim.swa_utils.AveragedModel(n, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(ema)) if ema else None
    for i in range(6):
        opt.zero_grad()
        size = 8 // parts
        for k in range(parts):
            part = slice(k * size, (k + 1) * size)
            (torch.nn.functional.mse_loss(n(x[i, part]), y[i, part]) / parts).backward()
        if clip_value:
            torch.nn.utils.clip_grad_value_(n.parameters(), clip_value)
        if clip:
            torch.nn.utils.clip_grad_norm_(n.parameters(), clip)
        opt.step()
        if sched:
            sched.step()
        if avg:
            avg.update_parameters(n)
    keep(name, avg.module if avg else n)


def groups(n):
    return torch.optim.Adam([
        {"params": n[0].parameters(), "lr": 0.005},
        {"params": n[2].parameters()},
    ], lr=0.05)


run("clip", lambda n: torch.optim.SGD(n.parameters(), lr=0.1, momentum=0.9), clip=0.5)
run("clip value", lambda n: torch.optim.SGD(n.parameters(), lr=0.1, momentum=0.9, nesterov=True), clip_value=0.2)
run("both", lambda n: torch.optim.Adam(n.parameters(), lr=0.1), clip=0.3, clip_value=0.2)
run("parts", lambda n: torch.optim.AdamW(n.parameters(), lr=0.05, weight_decay=0.1), parts=4)
run("groups", groups)
run("schedule", lambda n: torch.optim.RMSprop(n.parameters(), lr=0.05), schedule=lambda s: 1 / (s + 1))
run("ema", lambda n: torch.optim.SGD(n.parameters(), lr=0.1), ema=0.7)

header, at = {"__metadata__": {"torch": torch.__version__}}, 0
for name in sorted(out):
    size = out[name].numel() * 8
    header[name] = {"dtype": "F64", "shape": list(out[name].shape), "data_offsets": [at, at + size]}
    at += size
head = json.dumps(header).encode()
head += b" " * (-len(head) % 8)
with open("golden.safetensors", "wb") as f:
    f.write(struct.pack("<Q", len(head)) + head)
    for name in sorted(out):
        f.write(out[name].contiguous().numpy().tobytes())
