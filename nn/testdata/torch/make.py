#!/usr/bin/env python3
"""Golden values of layers from PyTorch, for nn/torch_test.go.

    python3 make.py    # writes golden.safetensors and net.safetensors beside it

Made with PyTorch 2.6.0 and NumPy 2.2.4; needs nothing else. golden.safetensors
names the version too.

Everything is computed in float64 from inputs that float32 holds exactly. Each
case has inputs x (x2, ...), y, dy (the gradient that y is weighed by), dx,
parameters p.NAME, their gradients d.NAME, running statistics before and after
(s.NAME, t.NAME) and, where the function bends, h.x and h.NAME: the gradients of
0.5*|dx|^2, which are of second order. Images are [N,H,W,C], filters
[O,KH,KW,I], as limpid holds them.

net.safetensors is the state_dict of a network, as PyTorch names it and lays it
out; golden.safetensors has what it predicts under state/.
"""
import json
import os
import struct

import numpy
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(1)
torch.use_deterministic_algorithms(True)
here = os.path.dirname(os.path.abspath(__file__))
gold = {}


def save(file, tensors, metadata):
    """Writes the safetensors format: a JSON header, then the elements."""
    kinds = {torch.float32: "F32", torch.float64: "F64", torch.int32: "I32", torch.int64: "I64", torch.bool: "BOOL"}
    head, body = {"__metadata__": metadata}, b""
    for name, t in sorted(tensors.items()):
        raw = numpy.ascontiguousarray(t.numpy()).tobytes()
        head[name] = {"dtype": kinds[t.dtype], "shape": list(t.shape), "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    text = json.dumps(head, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(here, file), "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + body)


def nhwc(t):
    return t.permute(0, 2, 3, 1).contiguous()


def nchw(t):
    return t.permute(0, 3, 1, 2)


def ohwi(t):  # [O,I,H,W] -> [O,H,W,I]; also [I,O,H,W] of transposed ones -> [I,H,W,O]; [O,I,K] -> [O,K,I]
    return t.permute(0, 2, 3, 1) if t.dim() == 4 else t.permute(0, 2, 1) if t.dim() == 3 else t


def exact(*shape, scale=1.):
    return (torch.randn(*shape) * scale).double()


def put(name, t):
    """Float64 that float32 holds is stored as such."""
    t = t.detach().contiguous().clone()
    if t.dtype == torch.int64:
        t = t.to(torch.int32)
    if t.dtype == torch.float64 and (t.float().double() == t).all():
        t = t.float()
    gold[name] = t


def case(name, f, *xs, m=None, second=True, train=None):
    """f(*xs) -> y in limpid's layout; m holds the parameters and statistics."""
    xs = [x.detach().requires_grad_(x.is_floating_point()) for x in xs]
    params = list(m.named_parameters()) if m else []
    states = [(n, b) for n, b in m.named_buffers() if b.dim() > 0] if m else []
    for i, x in enumerate(xs):
        put(f"{name}/x{i + 1 if i else ''}", x)
    for n, p in params:
        put(f"{name}/p.{n}", ohwi(p))
    for n, s in states:
        put(f"{name}/s.{n}", s)
    y = f(*xs)
    dy = exact(*y.shape)
    put(f"{name}/y", y), put(f"{name}/dy", dy)
    if m and m.training:
        for n, s in states:
            put(f"{name}/t.{n}", s)
    leaves = [("x", x) for x in xs[:1] if x.requires_grad] + params
    g = torch.autograd.grad(y, [t for _, t in leaves], dy, create_graph=second)
    for (n, _), d in zip(leaves, g):
        put(f"{name}/dx" if n == "x" else f"{name}/d.{n}", ohwi(d) if n != "x" else d)
    if not (second and leaves[0][0] == "x" and g[0].requires_grad):
        return
    for (n, _), h in zip(leaves, torch.autograd.grad((g[0] ** 2).sum() / 2, [t for _, t in leaves], allow_unused=True)):
        if h is not None:
            put(f"{name}/h.{n}", ohwi(h) if n != "x" else h)


def module(m, affine=False):
    """m in float64, of float32's numbers; affine ones not all 1 and 0."""
    if affine:
        with torch.no_grad():
            m.weight.uniform_(.5, 1.5)
            if getattr(m, "bias", None) is not None:
                m.bias.normal_()
    return m.double()


# activations, alone and at the end of a layer
acts = {
    "relu": F.relu, "leaky": lambda t: F.leaky_relu(t, .2), "elu": lambda t: F.elu(t, 1.3), "selu": F.selu, "gelu": F.gelu,
    "gelutanh": lambda t: F.gelu(t, approximate="tanh"), "silu": F.silu, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "softplus": F.softplus,
    "mish": F.mish, "hardswish": F.hardswish, "softsign": F.softsign, "softmax": lambda t: F.softmax(t, -1),
}
x = exact(5, 7, scale=2)
for name, f in acts.items():
    case("act." + name, f, x)

# linear
m = module(nn.Linear(7, 4))
case("linear", m, exact(5, 7), m=m)
case("linear.lead", m, exact(2, 3, 7), m=m)
m = module(nn.Linear(7, 4, bias=False))
case("linear.nobias", lambda t: torch.tanh(m(t)), exact(5, 7), m=m)

# convolutions: in, out, kernel, stride, pad, dilation, groups, height, width
for k, (i, o, ks, st, pa, di, gr, h, w) in enumerate([
    (3, 5, 3, 1, 0, 1, 1, 7, 6), (3, 5, 3, 1, 1, 1, 1, 7, 6), (4, 6, 3, 2, 1, 1, 1, 8, 7), (4, 6, 3, 1, 2, 2, 1, 7, 7),
    (4, 8, 3, 1, 1, 1, 2, 5, 6), (6, 6, 3, 1, 1, 1, 6, 6, 5), (3, 4, 1, 1, 0, 1, 1, 4, 5), (1, 32, 3, 1, 0, 1, 1, 6, 6),
    (16, 20, 3, 1, 1, 1, 1, 6, 5), (5, 4, 5, 3, 2, 1, 1, 11, 12), (2, 3, (1, 3), (2, 1), (0, 1), 1, 1, 6, 8),
    (2, 4, 7, 2, 3, 1, 1, 9, 10), (4, 6, 3, 2, "same", 2, 2, 5, 6),
]):
    if pa == "same":
        st = 1
    m = module(nn.Conv2d(i, o, ks, st, pa, di, gr, bias=k != 8))
    case(f"conv.{k}", lambda t: nhwc((F.silu if k == 2 else lambda v: v)(m(nchw(t)))), exact(2, h, w, i), m=m)
# transposed ones: in, out, kernel, stride, pad, output pad, groups, dilation, height, width
for k, (i, o, ks, st, pa, op, gr, di, h, w) in enumerate([
    (4, 3, 4, 2, 1, 0, 1, 1, 5, 4), (4, 3, 3, 1, 0, 0, 1, 1, 5, 4), (3, 5, 2, 2, 0, 0, 1, 1, 4, 4), (3, 5, 3, 2, 1, 1, 1, 1, 4, 5),
    (4, 6, 3, 1, 1, 0, 2, 2, 5, 5), (4, 4, (3, 2), (3, 2), (1, 0), (2, 1), 4, 1, 3, 4),
]):
    m = module(nn.ConvTranspose2d(i, o, ks, st, pa, op, gr, k != 2, di))
    case(f"convT.{k}", lambda t: nhwc(m(nchw(t))), exact(2, h, w, i), m=m)

# pooling
x = exact(2, 7, 6, 3)
for k, m in enumerate([nn.MaxPool2d(2), nn.MaxPool2d(3, 2, 1), nn.MaxPool2d(2, 2, ceil_mode=True), nn.MaxPool2d((3, 2), (1, 2)), nn.AdaptiveMaxPool2d((3, 4))]):
    case(f"maxpool.{k}", lambda t: nhwc(m(nchw(t))), x)
for k, m in enumerate([nn.AvgPool2d(2), nn.AvgPool2d(3, 2, 1), nn.AvgPool2d(3, 2, 1, count_include_pad=False), nn.AvgPool2d(2, 2, ceil_mode=True),
                       nn.AvgPool2d((3, 5), (2, 3), (1, 2), ceil_mode=True), nn.AdaptiveAvgPool2d((3, 4))]):
    case(f"avgpool.{k}", lambda t: nhwc(m(nchw(t))), x)
case("avgpool.global", lambda t: nchw(t).mean((2, 3)), x)

# layout
case("flatten", lambda t: t.flatten(1), x)
case("flatten.channelsfirst", lambda t: nchw(t).flatten(1), x)
case("reshape", lambda t: t.reshape(2, -1, 9), x)
case("dropout.eval", nn.Dropout(.5).eval(), x)

# normalisation
m = module(nn.BatchNorm2d(3), affine=True)
x = (exact(4, 5, 3, 3, scale=2) + 1).float().double()
case("batchnorm.train", lambda t: nhwc(m(nchw(t))), x, m=m)
m = module(nn.BatchNorm2d(3, eps=1e-3, momentum=.3), affine=True)
case("batchnorm.relu", lambda t: F.relu(nhwc(m(nchw(t)))), x, m=m)
m.running_mean.copy_(m.running_mean.float()), m.running_var.copy_(m.running_var.float())
case("batchnorm.eval", lambda t: nhwc(m(nchw(t))), x, m=m.eval())
m = module(nn.BatchNorm1d(6))
case("batchnorm.rows", m, exact(8, 6), m=m)
m = module(nn.LayerNorm(6), affine=True)
case("layernorm", m, exact(2, 4, 6), m=m)
m = module(nn.GroupNorm(2, 6), affine=True)
case("layernorm.groups", lambda t: nhwc(m(nchw(t))), exact(2, 3, 4, 6), m=m)
m = module(nn.RMSNorm(6, eps=1e-5), affine=True)
case("layernorm.rms", m, exact(2, 4, 6), m=m)

# embedding: x are ids
m = module(nn.Embedding(11, 4))
case("embedding", m, torch.tensor([[1, 2, 3], [10, 1, 0]]), m=m)
m = module(nn.Embedding(11, 4, padding_idx=2))
case("embedding.padding", m, torch.tensor([[1, 2, 3], [2, 1, 0]]), m=m)


def all_of(*ts):
    return torch.cat([t.reshape(-1) for t in ts])


# recurrent: results are y, then the memory after the last step
m = module(nn.LSTM(3, 5, batch_first=True))
case("lstm", lambda t: m(t)[0], exact(2, 6, 3), m=m)
m = module(nn.LSTM(3, 4, 2, batch_first=True, bidirectional=True))
case("lstm.deep", lambda t, h, c: (lambda y, hc: all_of(y, *hc))(*m(t, (h, c))), exact(2, 4, 3), exact(4, 2, 4), exact(4, 2, 4), m=m)
m = module(nn.GRU(3, 5, batch_first=True))
case("gru", lambda t: m(t)[0], exact(2, 6, 3), m=m)
m = module(nn.GRU(3, 4, 2, batch_first=True, bidirectional=True, bias=False))
case("gru.deep", lambda t, h: all_of(*m(t, h)), exact(2, 4, 3), exact(4, 2, 4), m=m)

# attention: results are y, then the weights; masks are true where a query may look
m = module(nn.MultiheadAttention(8, 2, batch_first=True))
with torch.no_grad():
    m.in_proj_bias.normal_(), m.out_proj.bias.normal_()
    m.in_proj_bias.copy_(m.in_proj_bias.float()), m.out_proj.bias.copy_(m.out_proj.bias.float())
case("attention", lambda t: m(t, t, t)[0], exact(2, 5, 8), m=m)
causal = torch.ones(5, 5, dtype=torch.bool).tril()
case("attention.causal", lambda t: m(t, t, t, attn_mask=~causal)[0], exact(2, 5, 8), m=m)
look = torch.rand(2, 2, 5, 3) < .6
look[..., 0] = True
case("attention.mask", lambda t, kv, ok: all_of(*m(t, kv, kv, attn_mask=~ok.flatten(0, 1), average_attn_weights=False)), exact(2, 5, 8), exact(2, 3, 8), look, m=m)
m = module(nn.MultiheadAttention(4, 2, bias=False, kdim=6, vdim=6, batch_first=True))
case("attention.wide", lambda t, kv: all_of(*m(t, kv, kv, average_attn_weights=False)), exact(2, 5, 4), exact(2, 3, 6), m=m)


class Net(nn.Module):
    """One of every layer that has weights."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1, groups=3), nn.BatchNorm2d(6), nn.ReLU(), nn.ConvTranspose2d(6, 4, 2, 2, groups=2), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4 * 4 * 3, 10))
        self.words = nn.Embedding(9, 4)
        self.lstm = nn.LSTM(4, 3, 2, batch_first=True, bidirectional=True)
        self.gru = nn.GRU(6, 6, batch_first=True)
        self.attn = nn.MultiheadAttention(6, 2, batch_first=True)
        self.norm = nn.LayerNorm(6)
        self.head = nn.Linear(6, 10)

    def forward(self, image, ids):
        w = self.gru(self.lstm(self.words(ids))[0])[0]
        w = self.norm(w + self.attn(w, w, w)[0])
        return self.stem(image) + self.head(w.mean(1))


m = Net()
image, ids = torch.randn(2, 3, 8, 6), torch.tensor([[0, 8, 3, 3], [5, 2, 1, 7]])
for _ in range(3):  # running statistics that are not 0 and 1
    m(torch.randn(8, 3, 8, 6) + 1, ids.repeat(4, 1))
save("net.safetensors", m.state_dict(), {"format": "pt"})
m = m.double().eval()
put("state/x", nhwc(image)), put("state/ids", ids), put("state/y", m(image.double(), ids))

torch.manual_seed(2)  # what follows came later: the values above stay


def turn(t):  # [N,T,C] <-> [N,C,T]
    return t.transpose(1, 2).contiguous()


# over time: in, out, kernel, stride, pad, dilation, groups, steps
for k, (i, o, ks, st, pa, di, gr, steps) in enumerate([
    (3, 5, 3, 1, 0, 1, 1, 9), (4, 6, 5, 2, 2, 1, 2, 11), (4, 4, 3, 1, "same", 3, 4, 10), (2, 8, 4, 3, 1, 2, 1, 14),
]):
    m = module(nn.Conv1d(i, o, ks, st, pa, di, gr, bias=k != 3))
    case(f"conv1d.{k}", lambda t: turn((torch.tanh if k == 1 else lambda v: v)(m(turn(t)))), exact(2, steps, i), m=m)
m = module(nn.Conv1d(3, 4, 3, dilation=2))
case("conv1d.causal", lambda t: turn(m(F.pad(turn(t), (4, 0)))), exact(2, 7, 3), m=m)
x = exact(2, 11, 3)
for k, m in enumerate([nn.MaxPool1d(2), nn.MaxPool1d(3, 2, 1, ceil_mode=True), nn.AdaptiveMaxPool1d(4)]):
    case(f"maxpool1d.{k}", lambda t: turn(m(turn(t))), x)
for k, m in enumerate([nn.AvgPool1d(2), nn.AvgPool1d(3, 2, 1, ceil_mode=True), nn.AvgPool1d(3, 2, 1, count_include_pad=False), nn.AdaptiveAvgPool1d(4)]):
    case(f"avgpool1d.{k}", lambda t: turn(m(turn(t))), x)
case("avgpool.time", lambda t: t.mean(1), x)
case("maxpool.time", lambda t: t.amax(1, keepdim=True), x)

# enlarging and reducing
x = exact(2, 3, 4, 3)
case("maxpool.global", lambda t: t.amax((1, 2)), x)
case("upsample.nearest", lambda t: nhwc(F.interpolate(nchw(t), scale_factor=2)), x)
case("upsample.bilinear", lambda t: nhwc(F.interpolate(nchw(t), scale_factor=(3, 2), mode="bilinear")), x)
case("upsample.to", lambda t: nhwc(F.interpolate(nchw(t), (5, 7), mode="bilinear")), x)
case("upsample.time", lambda t: turn(F.interpolate(turn(t), scale_factor=3)), exact(2, 4, 3))
case("upsample.linear", lambda t: turn(F.interpolate(turn(t), 7, mode="linear")), exact(2, 4, 3))

# normalisation of each channel alone
m = module(nn.InstanceNorm2d(5, affine=True), affine=True)
case("layernorm.instance", lambda t: nhwc(m(nchw(t))), exact(2, 3, 4, 5), m=m)

# activations with parameters, and gates
m = module(nn.PReLU())
case("prelu", m, exact(4, 6), m=m)
m = module(nn.PReLU(6, init=.3))
with torch.no_grad():
    m.weight.copy_(torch.rand(6))
case("prelu.channels", m, exact(4, 6), m=m)
case("glu", nn.GLU(), exact(4, 6))
case("glu.silu", lambda t: t[..., :3] * F.silu(t[..., 3:]), exact(4, 6))

case("func", torch.sin, exact(4, 6))

# noise is off in inference
x = exact(2, 3, 4, 5)
for name in ["dropout.channels", "droppath.eval", "dropblock.eval", "gaussiannoise.eval"]:
    case(name, nn.Identity(), x)
m = module(nn.ModuleDict({"layer": nn.Linear(5, 3)}))
case("weightnoise.eval", lambda t: m["layer"](t), exact(4, 5), m=m)


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(5, 6), nn.Tanh(), nn.Linear(6, 4))
        self.skip = nn.Linear(5, 4)

    def forward(self, t):
        return F.silu(self.body(t) + self.skip(t))


m = module(Residual())
case("residual", m, exact(3, 5), m=m)


class SqueezeExcite(nn.Module):
    """torchvision's SqueezeExcitation."""

    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(6, 3, 1), nn.Conv2d(3, 6, 1)

    def forward(self, t):
        return torch.sigmoid(self.fc2(F.silu(self.fc1(t.mean((2, 3), keepdim=True))))) * t


m = module(SqueezeExcite())
case("squeezeexcite", lambda t: nhwc(m(nchw(t))), exact(2, 3, 4, 6), m=m)

# recurrent: plain ones, projections, and sequences of different lengths, the
# third input: results are y (0 past the end), then the memory
m = module(nn.RNN(3, 5, batch_first=True))
case("rnn", lambda t: m(t)[0], exact(2, 6, 3), m=m)
m = module(nn.RNN(3, 4, 2, nonlinearity="relu", batch_first=True, bidirectional=True))
case("rnn.deep", lambda t, h: all_of(*m(t, h)), exact(2, 4, 3), exact(4, 2, 4), m=m)
m = module(nn.LSTM(3, 5, 2, batch_first=True, bidirectional=True, proj_size=2))
case("lstm.proj", lambda t, h, c: (lambda y, hc: all_of(y, *hc))(*m(t, (h, c))), exact(2, 4, 3), exact(4, 2, 2), exact(4, 2, 5), m=m)


def packed(m):
    def run(t, lens):
        y, h = m(nn.utils.rnn.pack_padded_sequence(t, lens.cpu(), batch_first=True, enforce_sorted=False))
        y = nn.utils.rnn.pad_packed_sequence(y, batch_first=True, total_length=t.shape[1])[0]
        return all_of(y, *(h if isinstance(h, tuple) else (h,)))
    return run


lens = torch.tensor([3, 6, 1, 5])
for name, m in [("rnn.lengths", nn.RNN(3, 4, 2, batch_first=True, bidirectional=True)), ("gru.lengths", nn.GRU(3, 4, 2, batch_first=True, bidirectional=True)),
                ("lstm.lengths", nn.LSTM(3, 4, 2, batch_first=True, bidirectional=True)), ("lstm.lengths.proj", nn.LSTM(3, 4, 1, batch_first=True, bidirectional=True, proj_size=3))]:
    m = module(m)
    case(name, packed(m), exact(4, 6, 3), lens, m=m)


class NormLSTM(nn.Module):
    """Ba et al. 2016, in the notation of torch.nn.LSTM."""

    def __init__(self, i, n):
        super().__init__()
        self.weight_ih_l0, self.weight_hh_l0 = nn.Parameter(torch.randn(4 * n, i)), nn.Parameter(torch.randn(4 * n, n))
        self.bias_ih_l0, self.bias_hh_l0 = nn.Parameter(torch.randn(4 * n)), nn.Parameter(torch.randn(4 * n))
        self.norm_ih_l0, self.norm_hh_l0 = nn.Parameter(torch.rand(4 * n) + .5), nn.Parameter(torch.rand(4 * n) + .5)
        self.norm_cell_l0, self.norm_cell_bias_l0 = nn.Parameter(torch.rand(n) + .5), nn.Parameter(torch.randn(n))

    def forward(self, x):
        n = self.norm_cell_l0.numel()
        h, c, ys = x.new_zeros(x.shape[0], n), x.new_zeros(x.shape[0], n), []
        for t in range(x.shape[1]):
            g = F.layer_norm(x[:, t] @ self.weight_ih_l0.T, (4 * n,), self.norm_ih_l0, self.bias_ih_l0)
            i, f, g, o = (g + F.layer_norm(h @ self.weight_hh_l0.T, (4 * n,), self.norm_hh_l0, self.bias_hh_l0)).chunk(4, -1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * F.layer_norm(c, (n,), self.norm_cell_l0, self.norm_cell_bias_l0).tanh()
            ys.append(h)
        return torch.stack(ys, 1)


m = module(NormLSTM(3, 4))
case("lstm.norm", m, exact(2, 4, 3), m=m)

# transformers: blocks in training mode without dropout, for inference takes a
# path of its own that has no gradients, and attention in plain operations, for
# the fused ones have no second order
torch.backends.cuda.enable_flash_sdp(False), torch.backends.cuda.enable_mem_efficient_sdp(False)


def lively(m):
    """Biases and scales that matter."""
    with torch.no_grad():
        for n, w in m.named_parameters():
            if w.dim() == 1:
                w.copy_(torch.randn_like(w) * .3 + (1 if "norm" in n and "weight" in n else 0))
    return m.double()


causal = ~torch.ones(5, 5, dtype=torch.bool).tril()
for name, o in [("encoder", {}), ("encoder.first", {"norm_first": True, "activation": "gelu"})]:
    m = lively(nn.TransformerEncoderLayer(8, 2, 12, 0, batch_first=True, **o))
    case(name, m, exact(2, 5, 8), m=m)
    case(name + ".causal", lambda t: m(t, src_mask=causal), exact(2, 5, 8), m=m)
m = lively(nn.TransformerEncoderLayer(8, 2, 12, 0, batch_first=True))
lens = torch.tensor([3, 5])
past = torch.arange(5)[None] >= lens[:, None]
case("encoder.lengths", lambda t, lens: m(t, src_key_padding_mask=past), exact(2, 5, 8), lens, m=m)
for name, o in [("decoder", {}), ("decoder.first", {"norm_first": True})]:
    m = lively(nn.TransformerDecoderLayer(8, 2, 12, 0, batch_first=True, **o))
    case(name, lambda t, memory, lens: m(t, memory, tgt_mask=causal, memory_key_padding_mask=past), exact(2, 5, 8), exact(2, 5, 8), lens, m=m)


def waves(t, d):
    return torch.arange(t).double()[:, None] / 10000 ** (torch.arange(0, d, 2).double() / d)


def rotate(t):  # [N,heads,T,D]
    w = waves(t.shape[2], t.shape[3])
    a, b = t.chunk(2, -1)
    return torch.cat([a * w.cos() - b * w.sin(), b * w.cos() + a * w.sin()], -1)


case("positions", lambda t: t + torch.stack([waves(7, 6).sin(), waves(7, 6).cos()], -1).flatten(1), exact(2, 7, 6))
m = module(nn.ParameterDict({"weight": nn.Parameter(torch.randn(9, 4))}))
case("positions.learned", lambda t: t + m["weight"][:7], exact(2, 7, 4), m=m)
m = lively(nn.MultiheadAttention(8, 2, batch_first=True))


def rotary(t):
    q, k, v = (u.unflatten(-1, (2, 4)).transpose(1, 2) for u in F.linear(t, m.in_proj_weight, m.in_proj_bias).chunk(3, -1))
    y = F.scaled_dot_product_attention(rotate(q), rotate(k), v, is_causal=True)
    return m.out_proj(y.transpose(1, 2).flatten(2))


case("attention.rotary", rotary, exact(2, 5, 8), m=m)


class Additive(nn.Module):
    def __init__(self):
        super().__init__()
        self.query, self.key, self.score = nn.Linear(3, 5, bias=False), nn.Linear(4, 5), nn.Linear(5, 1, bias=False)

    def forward(self, q, kv, ok):
        s = self.score(torch.tanh(self.query(q)[:, :, None] + self.key(kv)[:, None]))[..., 0]
        w = s.masked_fill(~ok, -torch.inf).softmax(-1)
        return all_of(w @ kv, w)


m = module(Additive())
look = torch.rand(2, 1, 6) < .6
look[..., 2] = True
case("additive", m, exact(2, 3, 3), exact(2, 6, 4), look, m=m)


class Warm(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("value", torch.tensor([2.5]).double())

    def forward(self, t):
        return t / self.value


m = Warm()
case("temperature", m, exact(3, 5), m=m)

save("golden.safetensors", gold, {"torch": torch.__version__, "numpy": numpy.__version__})
print(len(gold), "tensors,", sum(t.numel() for t in gold.values()), "values")
