#!/usr/bin/env python3
"""Golden values of layers and losses from PyTorch, for nn/torch_test.go.

    python3 make.py          # writes golden.safetensors beside this file

Needs torch and safetensors; golden.safetensors names the version that made it.
Each case holds x (inputs x, x2, ...), y, dy (the gradient that y is weighed
by), dx, parameters p.NAME, their gradients d.NAME, states before and after
(s.NAME, t.NAME) and, where the function is smooth enough, h.x: the gradient of
0.5*|dx|^2 by x, which is second order. Images are [N,H,W,C] and convolution
weights [O,KH,KW,I], as limpid holds them.
"""
import math
import os
import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file

torch.manual_seed(1)
torch.use_deterministic_algorithms(True)
gold = {}


def nhwc(t):
    return t.permute(0, 2, 3, 1).contiguous()


def nchw(t):
    return t.permute(0, 3, 1, 2)


def put(name, t):
    gold[name] = t.detach().to(torch.float32 if t.is_floating_point() else torch.int32).contiguous().clone()


def case(name, f, x, params=(), second=True, more=()):
    """f(x) -> y in limpid's layout; params: (name, tensor, to-layout)."""
    x = x.detach().double().requires_grad_(True)
    y = f(x)
    dy = torch.randn(y.shape, dtype=torch.float64)
    tracked = [x] + [p for _, p, _ in params]
    g = torch.autograd.grad(y, tracked, dy, create_graph=second, allow_unused=True)
    put(f"{name}/x", x), put(f"{name}/y", y), put(f"{name}/dy", dy), put(f"{name}/dx", g[0])
    for (n, p, lay), d in zip(params, g[1:]):
        put(f"{name}/p.{n}", lay(p)), put(f"{name}/d.{n}", lay(d))
    if second and g[0].requires_grad:
        hs = torch.autograd.grad((g[0] ** 2).sum() / 2, tracked, allow_unused=True)
        for n, h in zip(["x"] + [n for n, _, _ in params], hs):
            if h is not None:
                lay = (lambda t: t) if n == "x" else dict((a, c) for a, _, c in params)[n]
                put(f"{name}/h.{n}", lay(h))
    for n, t in more:
        put(f"{name}/{n}", t)


def same(t):
    return t


def ohwi(t):  # [O,I,H,W] -> [O,H,W,I]; also [I,O,H,W] of transposed ones -> [I,H,W,O]
    return t.permute(0, 2, 3, 1)


def named(m, conv=False):
    m.double()
    return [(n, p, ohwi if conv and p.dim() == 4 else same) for n, p in m.named_parameters()]


# activations
x = torch.randn(5, 7) * 2
for name, f in {
    "relu": F.relu, "leaky": lambda t: F.leaky_relu(t, .2), "elu": lambda t: F.elu(t, 1.3), "selu": F.selu,
    "gelu": F.gelu, "silu": F.silu, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "softplus": F.softplus,
    "softmax": lambda t: F.softmax(t, -1), "logsoftmax": lambda t: F.log_softmax(t, -1),
}.items():
    case("act." + name, f, x)

# linear, alone and on leading axes
m = nn.Linear(7, 4)
case("linear", m, torch.randn(5, 7), named(m))
m = nn.Linear(7, 4)
case("linear.lead", m, torch.randn(2, 3, 7), named(m))
m = nn.Linear(7, 4, bias=False)
case("linear.nobias", lambda t: torch.tanh(m(t)), torch.randn(5, 7), named(m))

# convolutions: (in, out, kernel, stride, pad, dilation, groups, size)
for k, (i, o, ks, st, pa, di, gr, h, w) in enumerate([
    (3, 5, 3, 1, 0, 1, 1, 7, 6), (3, 5, 3, 1, 1, 1, 1, 7, 6), (4, 6, 3, 2, 1, 1, 1, 8, 7), (4, 6, 3, 1, 2, 2, 1, 7, 7),
    (4, 8, 3, 1, 1, 1, 2, 5, 6), (6, 6, 3, 1, 1, 1, 6, 6, 5), (3, 4, 1, 1, 0, 1, 1, 4, 5), (1, 32, 3, 1, 0, 1, 1, 9, 9),
    (16, 24, 3, 1, 1, 1, 1, 10, 9), (5, 4, 5, 3, 2, 1, 1, 11, 12), (2, 3, (1, 3), (2, 1), (0, 1), 1, 1, 6, 8),
    (2, 4, 7, 2, 3, 1, 1, 9, 10),
]):
    m = nn.Conv2d(i, o, ks, st, pa, di, gr)
    case(f"conv.{k}", lambda t: nhwc(m(nchw(t))), torch.randn(2, h, w, i), named(m, True))
for k, (i, o, ks, st, pa, op, gr, di, h, w) in enumerate([
    (4, 3, 4, 2, 1, 0, 1, 1, 5, 4), (4, 3, 3, 1, 0, 0, 1, 1, 5, 4), (3, 5, 2, 2, 0, 0, 1, 1, 4, 4), (3, 5, 3, 2, 1, 1, 1, 1, 4, 5),
    (4, 6, 3, 1, 1, 0, 2, 2, 5, 5),
]):
    m = nn.ConvTranspose2d(i, o, ks, st, pa, op, gr, True, di)
    case(f"convT.{k}", lambda t: nhwc(m(nchw(t))), torch.randn(2, h, w, i), named(m, True))

# pooling
x = torch.randn(2, 7, 6, 3)
for k, m in enumerate([nn.MaxPool2d(2), nn.MaxPool2d(3, 2, 1), nn.MaxPool2d(2, 2, ceil_mode=True), nn.MaxPool2d((3, 2), (1, 2))]):
    case(f"maxpool.{k}", lambda t: nhwc(m(nchw(t))), x)
for k, m in enumerate([nn.AvgPool2d(2), nn.AvgPool2d(3, 2, 1), nn.AvgPool2d(3, 2, 1, count_include_pad=False), nn.AvgPool2d(2, 2, ceil_mode=True)]):
    case(f"avgpool.{k}", lambda t: nhwc(m(nchw(t))), x)
case("avgpool.adaptive", lambda t: nhwc(F.adaptive_avg_pool2d(nchw(t), (3, 4))), x)
case("avgpool.global", lambda t: nchw(t).mean((2, 3)), x)

# normalisation
m = nn.BatchNorm2d(3)
with torch.no_grad():
    m.weight.uniform_(.5, 1.5), m.bias.normal_()
m.double()
x = torch.randn(4, 5, 3, 3) * 2 + 1
before = [("s.running_mean", m.running_mean.clone()), ("s.running_var", m.running_var.clone())]
case("batchnorm.train", lambda t: nhwc(m(nchw(t))), x, named(m), more=before)
m.running_mean.zero_(), m.running_var.fill_(1)
m(nchw(x.double()))
put("batchnorm.train/t.running_mean", m.running_mean), put("batchnorm.train/t.running_var", m.running_var)
m.eval()
case("batchnorm.eval", lambda t: nhwc(m(nchw(t))), x, named(m), more=[("s.running_mean", m.running_mean), ("s.running_var", m.running_var)])
m = nn.BatchNorm1d(6).double()
case("batchnorm.rows", m, torch.randn(8, 6), named(m))
m = nn.LayerNorm(6)
with torch.no_grad():
    m.weight.uniform_(.5, 1.5), m.bias.normal_()
case("layernorm", m, torch.randn(2, 4, 6), named(m))

# embedding: x are ids
m = nn.Embedding(11, 4, padding_idx=2).double()
ids = torch.tensor([[1, 2, 3], [10, 1, 0]])
y = m(ids)
dy = torch.randn_like(y)
put("embedding/x", ids), put("embedding/y", y), put("embedding/dy", dy), put("embedding/p.weight", m.weight)
put("embedding/d.weight", torch.autograd.grad(y, m.weight, dy)[0])

# recurrent and attention
m = nn.LSTM(3, 5, batch_first=True)
case("lstm", lambda t: m(t)[0], torch.randn(2, 6, 3), named(m))
m = nn.GRU(3, 5, batch_first=True)
case("gru", lambda t: m(t)[0], torch.randn(2, 6, 3), named(m))
m = nn.MultiheadAttention(8, 2, batch_first=True).double()
case("attention", lambda t: m(t, t, t, need_weights=True)[0], torch.randn(2, 5, 8), named(m))


def loss(name, f, out, target, second=True):
    case("loss." + name, lambda t: f(t, target.double() if target.is_floating_point() else target), out, second=second, more=[("target", target)])


a, b = torch.randn(6, 4), torch.randn(6, 4)
loss("mse", F.mse_loss, a, b)
loss("mae", F.l1_loss, a, b, False)
loss("huber", lambda o, t: F.huber_loss(o, t, delta=.7), a, b)
labels = torch.tensor([0, 3, 1, -100, 2, 2])
loss("crossentropy", F.cross_entropy, a, labels)
loss("crossentropy.smooth", lambda o, t: F.cross_entropy(o, t, label_smoothing=.1), a, labels)
loss("crossentropy.shares", F.cross_entropy, a, F.softmax(b, -1))
loss("crossentropy.pixels", lambda o, t: F.cross_entropy(nchw(o), t), torch.randn(2, 3, 3, 4), torch.randint(0, 4, (2, 3, 3)))
loss("bce", F.binary_cross_entropy_with_logits, a, torch.rand(6, 4))
logq = F.log_softmax(a, -1)
loss("kl", lambda o, t: F.kl_div(o, t, reduction="batchmean"), logq, F.softmax(b, -1), False)


def focal(o, t, alpha=.25, gamma=2.):  # Lin et al. 2017, for labels: alpha weighs every class alike
    lp = F.log_softmax(o, -1).gather(1, t[:, None])[:, 0]
    return -(alpha * (1 - lp.exp()) ** gamma * lp).mean()


loss("focal", focal, a, labels.clamp(0))

gold["made/torch." + torch.__version__.split("+")[0]] = torch.zeros(1)
save_file(dict(sorted(gold.items())), os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden.safetensors"))
print(len(gold), "tensors,", sum(t.numel() for t in gold.values()), "values")
