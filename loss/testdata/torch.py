"""Makes torch.json: values and derivatives of losses, from PyTorch.

	python3 torch.py > torch.json

Of each case: the result out, the target, the loss, its gradient by out, and
the gradient by out of that gradient's product with r[i] = ((7i mod 11) - 5)/5.
All is computed in float64 of inputs that float32 holds exactly. Losses that
PyTorch has not are written here from their papers' formulas, pixel by pixel.
"""
import json
import sys

import torch
import torch.nn.functional as F

torch.manual_seed(3)


def floats(*shape, scale=2.0):
    return (torch.randn(*shape) * scale).double()


def shares(*shape):
    return torch.softmax(torch.randn(*shape) * 2, -1).float().double()


def labels(c, *shape, ignore=()):
    t = torch.randint(0, c, shape)
    for i in ignore:
        t.view(-1)[i] = -100
    return t


def rows(f):
    """f of [N, C] and [N] or [N, C]."""
    def g(out, target):
        c = out.shape[-1]
        flat = target.reshape(-1, c) if target.is_floating_point() else target.reshape(-1)
        return f(out.reshape(-1, c), flat)
    return g


def dice(out, target):
    """Milletari et al. 2016, per class, smoothing 1, mean over classes present."""
    c = out.shape[-1]
    p = torch.sigmoid(out) if c == 1 else torch.softmax(out, -1)
    p = p.reshape(-1, c)
    if target.is_floating_point():
        t = target.reshape(-1, c)
    else:
        keep = target.reshape(-1) != -100
        p, t = p[keep], F.one_hot(target.reshape(-1)[keep], c).double()
    terms = []
    for k in range(c):
        if t[:, k].sum() > 0:
            terms.append(1 - (2 * (p[:, k] * t[:, k]).sum() + 1) / (p[:, k].sum() + t[:, k].sum() + 1))
    return sum(terms) / len(terms)


def focal_labels(alpha, gamma):
    """Lin et al. 2017, equation 5, with the softmax's probability."""
    def f(out, target):
        terms = []
        for x, t in zip(out, target):
            if t != -100:
                p = torch.softmax(x, 0)[t]
                terms.append(-alpha * (1 - p) ** gamma * torch.log(p))
        return sum(terms) / len(terms)
    return rows(f)


def focal_yes_no(alpha, gamma):
    """Lin et al. 2017, equation 5, with alpha_t."""
    def f(out, target):
        p = torch.sigmoid(out)
        yes = -alpha * (1 - p) ** gamma * torch.log(p)
        no = -(1 - alpha) * p ** gamma * torch.log(1 - p)
        return (target * yes + (1 - target) * no).mean()
    return f


def center_focal(alpha, beta):
    """Law and Deng 2018, equation 1."""
    def f(out, target):
        total, n = 0, 0
        for x, y in zip(out.reshape(-1), target.reshape(-1)):
            p = torch.sigmoid(x)
            if y == 1:
                n += 1
                total = total - (1 - p) ** alpha * torch.log(p)
            else:
                total = total - (1 - y) ** beta * p ** alpha * torch.log(1 - p)
        return total / max(n, 1)
    return f


def heat(peaks, *shape):
    t = torch.rand(*shape).float().double() * 0.9
    for i in peaks:
        t.view(-1)[i] = 1
    return t.float().double()


sparse = shares(5, 4)
sparse[0] = torch.tensor([0, 1, 0, 0])
sparse[1] = torch.tensor([0.5, 0, 0.5, 0])
weights = torch.tensor([0.5, 2.0, 1.0, 0.0, 3.0], dtype=torch.float64)
row_mask = torch.tensor([[True, False, True], [False, False, True]])
one_mask = torch.rand(3, 4) < 0.5

CASES = {
    "mse": (F.mse_loss, floats(4, 3), floats(4, 3)),
    "mse 3 axes": (F.mse_loss, floats(2, 3, 4), floats(2, 3, 4)),
    "mae": (F.l1_loss, floats(4, 3), floats(4, 3)),
    "huber": (lambda o, t: F.huber_loss(o, t, delta=0.75), floats(5, 3, scale=1), floats(5, 3, scale=1)),
    "cross-entropy": (F.cross_entropy, floats(6, 5), labels(5, 6)),
    "cross-entropy ignoring": (rows(F.cross_entropy), floats(2, 4, 5), labels(5, 2, 4, ignore=(0, 5))),
    "cross-entropy shares": (rows(F.cross_entropy), floats(2, 3, 5), shares(2, 3, 5)),
    "smooth": (lambda o, t: F.cross_entropy(o, t, label_smoothing=0.1), floats(6, 5), labels(5, 6, ignore=(2,))),
    "smooth shares": (lambda o, t: F.cross_entropy(o, t, label_smoothing=0.1), floats(4, 5), shares(4, 5)),
    "weighted": (lambda o, t: F.cross_entropy(o, t, weight=weights), floats(8, 5), labels(5, 8, ignore=(3,))),
    "weighted shares": (lambda o, t: F.cross_entropy(o, t, weight=weights), floats(4, 5), shares(4, 5)),
    "bce": (F.binary_cross_entropy_with_logits, floats(4, 3, scale=4), (torch.rand(4, 3) * 1.4 - 0.2).clamp(0, 1).double()),
    "weighted bce": (lambda o, t: F.binary_cross_entropy_with_logits(o, t, pos_weight=torch.tensor(2.5)), floats(4, 3), shares(4, 3)),
    "kl": (lambda o, t: F.kl_div(o, t, reduction="batchmean"), torch.log_softmax(floats(5, 4), -1).float().double(), sparse),
    "dice": (dice, floats(2, 3, 3, 4), labels(3, 2, 3, 3, ignore=(1, 7))),  # class 3 is absent
    "dice shares": (dice, floats(2, 5, 3), shares(2, 5, 3)),
    "dice single": (dice, floats(3, 4, 1), (torch.rand(3, 4, 1) < 0.5).double()),
    "focal": (focal_labels(0.25, 2), floats(7, 4), labels(4, 7, ignore=(6,))),
    "focal fraction": (focal_labels(1, 0.5), floats(2, 3, 4), labels(4, 2, 3)),
    "focal yes no": (focal_yes_no(0.25, 2), floats(4, 3), (torch.rand(4, 3) < 0.5).double()),
    "focal 0": (focal_yes_no(0.5, 0), floats(4, 3), (torch.rand(4, 3) < 0.5).double()),
    "center focal": (center_focal(2, 4), floats(1, 3, 4, 2), heat((3, 10, 17), 1, 3, 4, 2)),
    "center focal none": (center_focal(2, 4), floats(1, 2, 2, 1), heat((), 1, 2, 2, 1)),
    "masked rows": (lambda o, t: F.l1_loss(o[row_mask], t[row_mask]), floats(2, 3, 2), floats(2, 3, 2)),
    "masked elements": (lambda o, t: F.mse_loss(o[one_mask], t[one_mask]), floats(3, 4), floats(3, 4)),
    "masked labels": (lambda o, t: F.cross_entropy(o[row_mask], t[row_mask]), floats(2, 3, 5), labels(5, 2, 3)),
}
MASKS = {"masked rows": row_mask, "masked elements": one_mask, "masked labels": row_mask}


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
    case = {"shape": list(x.shape), "out": out.reshape(-1).tolist(), "target_shape": list(target.shape),
            "loss": y.item(), "grad": dx.reshape(-1).tolist(), "second": ddx.reshape(-1).tolist()}
    case["target" if target.is_floating_point() else "labels"] = target.reshape(-1).tolist()
    if name in MASKS:
        case["mask"], case["mask_shape"] = MASKS[name].reshape(-1).tolist(), list(MASKS[name].shape)
    return json.dumps(name) + ": " + json.dumps(case)


print(json.dumps({"python": sys.version.split()[0], "torch": torch.__version__}).join(['{"versions": ', ', "cases": {']))
print(",\n".join(derived(name, *case) for name, case in CASES.items()))
print("}}")
