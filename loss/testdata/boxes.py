"""Makes boxes.json: values and derivatives of the losses of boxes by torchvision,
and of generalised Dice from its paper's formula; the form is torch.py's.

	python3 -P boxes.py > boxes.json     # -P: or torch.py beside it is imported
"""
import json
import sys

import torch
import torch.nn.functional as F
import torchvision
from torchvision.ops import box_iou, distance_box_iou_loss, generalized_box_iou_loss

torch.manual_seed(8)


def boxes(*shape):
    at = torch.rand(*shape, 2) * 6
    return torch.cat([at, at + 0.5 + torch.rand(*shape, 2) * 5], -1).float().double()


def iou(out, target):
    return (1 - box_iou(out.reshape(-1, 4), target.reshape(-1, 4)).diagonal()).mean()


def generalized_dice(out, target):
    """Sudre et al. 2017, equation 2; no weight for a class that is not there."""
    c = out.shape[-1]
    p = torch.softmax(out, -1).reshape(-1, c)
    if target.is_floating_point():
        t = target.reshape(-1, c)
    else:
        keep = target.reshape(-1) != -100
        p, t = p[keep], F.one_hot(target.reshape(-1)[keep], c).double()
    n = t.sum(0)
    w = torch.where(n > 0, 1 / n.clamp(min=1e-9) ** 2, torch.zeros_like(n))
    return 1 - 2 * (w * (p * t).sum(0)).sum() / (w * (p + t).sum(0)).sum()


def mean(f):
    return lambda out, target: f(out, target, reduction="mean")


def floats(*shape):
    return (torch.randn(*shape) * 2).double()


labels = torch.tensor([[0, 1, 0], [3, -100, 0], [0, 3, 1]])
CASES = {
    "iou": (iou, boxes(7), boxes(7)),
    "giou": (mean(generalized_box_iou_loss), boxes(3, 4), boxes(3, 4)),
    "diou": (mean(distance_box_iou_loss), boxes(9), boxes(9)),
    "generalized dice": (generalized_dice, floats(3, 3, 4), labels),
    "generalized dice share": (generalized_dice, floats(5, 3), torch.softmax(floats(5, 3), -1).float().double()),
}


def derived(name, f, out, target):
    x = out.clone().requires_grad_(True)
    y = f(x, target)
    dx, = torch.autograd.grad(y, x, create_graph=True)
    r = ((torch.arange(x.numel()) * 7) % 11 - 5).double() / 5
    ddx, = torch.autograd.grad((dx.reshape(-1) * r).sum(), x)
    case = {"shape": list(x.shape), "out": out.reshape(-1).tolist(), "target_shape": list(target.shape),
            "loss": y.item(), "grad": dx.reshape(-1).tolist(), "second": ddx.reshape(-1).tolist()}
    case["target" if target.is_floating_point() else "labels"] = target.reshape(-1).tolist()
    return json.dumps(name) + ": " + json.dumps(case)


print(json.dumps({"python": sys.version.split()[0], "torch": torch.__version__, "torchvision": torchvision.__version__}).join(['{"versions": ', ', "cases": {']))
print(",\n".join(derived(name, *case) for name, case in CASES.items()))
print("}}")
