"""Golden values of loss/adversarial.go: PyTorch's double backward through the
gradient penalties of a small convolutional critic, for every activation, and
the five games' losses. Writes adversarial.json.

    python3 -P adversarial.py    (-P: torch.py beside it is no library)
"""

import json
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(3)
ACTS = {
    "relu": F.relu, "leaky": lambda x: F.leaky_relu(x, 0.2), "elu": F.elu, "selu": F.selu, "gelu": F.gelu,
    "gelu-tanh": lambda x: F.gelu(x, approximate="tanh"), "silu": F.silu, "mish": F.mish, "tanh": torch.tanh,
    "sigmoid": torch.sigmoid, "softplus": F.softplus, "softsign": F.softsign, "hardswish": F.hardswish,
}
real, fake = torch.randn(5, 2, 6, 6), torch.randn(5, 2, 6, 6)
at = torch.rand(5, 1, 1, 1)
flat = lambda t: [float(v) for v in t.detach().reshape(-1)]
out = {"torch": torch.__version__, "real": flat(real), "fake": flat(fake), "at": flat(at), "critics": {}, "games": {}}

for name, act in ACTS.items():
    c1, c2, head = nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(4, 3, 3, stride=2, padding=1), nn.Linear(3, 1)
    params = [p for m in (c1, c2, head) for p in m.parameters()]
    score = lambda x: head(act(c2(act(c1(x)))).mean((2, 3)))

    def penalties():
        x = (real * at + fake * (1 - at)).requires_grad_()
        g, = torch.autograd.grad(score(x).sum(), x, create_graph=True)
        gp = ((g.reshape(5, -1).norm(dim=1) - 1) ** 2).mean()
        x = real.clone().requires_grad_()
        g, = torch.autograd.grad(score(x).sum(), x, create_graph=True)
        return gp, (g.reshape(5, -1) ** 2).sum(1).mean()

    case = {"params": [flat(p) for p in params]}
    for key, value in zip(("gp", "r1"), penalties()):
        grads = torch.autograd.grad(value, params, allow_unused=True)
        case[key] = float(value)
        case[key + "_grads"] = [flat(g) if g is not None else [0.0] * p.numel() for g, p in zip(grads, params)]
    out["critics"][name] = case

r, f = torch.randn(7, dtype=torch.float64), torch.randn(7, dtype=torch.float64)
one, zero, bce = torch.ones_like(r), torch.zeros_like(r), F.binary_cross_entropy_with_logits
out["scores"] = {"real": flat(r), "fake": flat(f)}
out["games"] = {
    "minimax": [float(bce(r, one) + bce(f, zero)), float(-bce(f, zero))],
    "non-saturating": [float(bce(r, one) + bce(f, zero)), float(bce(f, one))],
    "least-squares": [float((F.mse_loss(r, one) + F.mse_loss(f, zero)) / 2), float(F.mse_loss(f, one) / 2)],
    "hinge": [float(F.relu(1 - r).mean() + F.relu(1 + f).mean()), float(-f.mean())],
    "wasserstein": [float(f.mean() - r.mean()), float(-f.mean())],
}
json.dump(out, open("adversarial.json", "w"))
