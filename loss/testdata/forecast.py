"""Makes forecast.json: losses of forecasts, from PyTorch.

	python3 -P forecast.py > forecast.json     # -P: or torch.py beside it is imported

As torch.py beside it: of each case the result out, the target, the loss, its
gradient by out, and the gradient by out of that gradient's product with
r[i] = ((7i mod 11) - 5)/5. PyTorch has no pinball loss; it is written here
case by case.
"""
import json
import sys

import torch
import torch.nn.functional as F

torch.manual_seed(11)


def floats(*shape, scale=1.5):
    return (torch.randn(*shape) * scale).double()


def gaussian(out, target):
    return F.gaussian_nll_loss(out[..., 0], target, out[..., 1].exp(), eps=1e-30)


def quantile(*levels):
    def f(out, target):
        total, n = 0, 0
        for row, t in zip(out.reshape(-1, len(levels)), target.reshape(-1)):
            for o, q in zip(row, levels):
                total = total + (q * (t - o) if t >= o else (1 - q) * (o - t))
                n += 1
        return total / n
    return f


CASES = {
    "gaussian": (gaussian, floats(4, 3, 2), floats(4, 3)),
    "gaussian rows": (gaussian, floats(5, 2), floats(5)),
    "quantile": (quantile(0.125, 0.5, 0.75), floats(4, 2, 3), floats(4, 2)),
    "quantile one": (quantile(0.9375), floats(6, 1), floats(6)),
}


def derived(name, f, out, target):
    x = out.clone().requires_grad_(True)
    y = f(x, target)
    dx, = torch.autograd.grad(y, x, create_graph=True)
    r = ((torch.arange(x.numel()) * 7) % 11 - 5).double() / 5
    product = (dx.reshape(-1) * r).sum()
    ddx = torch.zeros_like(x)
    if product.requires_grad:
        got, = torch.autograd.grad(product, x, allow_unused=True)
        ddx = ddx if got is None else ddx + got
    case = {"shape": list(x.shape), "out": out.reshape(-1).tolist(), "target_shape": list(target.shape), "target": target.reshape(-1).tolist(),
            "loss": y.item(), "grad": dx.reshape(-1).tolist(), "second": ddx.reshape(-1).tolist()}
    return json.dumps(name) + ": " + json.dumps(case)


print(json.dumps({"python": sys.version.split()[0], "torch": torch.__version__}).join(['{"versions": ', ', "cases": {']))
print(",\n".join(derived(name, *case) for name, case in CASES.items()))
print("}}")
