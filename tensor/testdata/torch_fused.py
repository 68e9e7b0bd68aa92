"""Writes torch_fused.json: what PyTorch computes for the fused operations that
package nn stands on, and the gradients. Made with PyTorch 2.6.0, float64, on one
thread; the form is that of torch_values.py.

	python3 torch_fused.py > torch_fused.json
"""
import json, math, sys
import torch, torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
torch.manual_seed(1)
cases = []
names = {torch.float64: "float64", torch.int32: "int32", torch.int64: "int32", torch.bool: "bool"}


def number(v):
    if isinstance(v, float):
        if math.isnan(v):
            return "nan"
        if math.isinf(v):
            return "inf" if v > 0 else "-inf"
        v = float("%.8g" % v)
        return int(v) if v == int(v) and abs(v) < 1e9 else v
    return int(v)


def pack(t):
    t = t.detach()
    return [names[t.dtype], list(t.shape), [number(v) for v in t.reshape(-1).tolist()]]


def case(op, f, ins, ints=(), floats=(), grad=True):
    ins = [t.detach().clone().requires_grad_(grad and t.is_floating_point()) for t in ins]
    outs = f(*ins)
    if not isinstance(outs, (tuple, list)):
        outs = [outs]
    grads = []
    tracked = [t for t in ins if t.requires_grad]
    if tracked and outs[0].requires_grad:
        w = torch.cos(torch.arange(outs[0].numel(), dtype=torch.float64)).reshape(outs[0].shape)
        got = torch.autograd.grad((outs[0] * w).sum(), tracked, allow_unused=True)
        grads = [pack(torch.zeros_like(x) if g is None else g) for g, x in zip(got, tracked)]
    cases.append({"op": op, "ints": list(ints), "floats": [number(float(v)) for v in floats], "in": [pack(t) for t in ins], "out": [pack(t) for t in outs], "grad": grads})


def R(*shape):
    return torch.round(torch.randn(shape) * 1000) / 1000


def I(n, *shape):
    return torch.randint(0, n, shape, dtype=torch.int32)


inf, nan = math.inf, math.nan

def nchw(t):
    return t.permute(0, 3, 1, 2)

def nhwc(t):
    return t.permute(0, 2, 3, 1)


acts = [lambda t: t, F.relu, lambda t: F.leaky_relu(t, .2), torch.tanh, torch.sigmoid, F.gelu, lambda t: F.gelu(t, approximate="tanh"), F.silu, lambda t: F.elu(t, .2), F.selu, F.softplus, F.mish, F.hardswish, F.softsign]
for k, act in enumerate(acts):
    case("Linear", lambda x, w, b: act(F.linear(x, w, b)), [R(2, 3), R(4, 3), R(4)], ints=[k], floats=[.2])
    case("Activate", act, [R(9)], ints=[k], floats=[.2])
case("Linear", F.linear, [R(2, 2, 3), R(5, 3), R(5)], ints=[0], floats=[0])

for sh, sw, dh, dw, top, left, bottom, right, groups in ((1, 1, 1, 1, 0, 0, 0, 0, 1), (1, 2, 1, 1, 1, 0, 0, 2, 1), (2, 1, 1, 2, 2, 1, 0, 1, 2), (1, 1, 2, 1, 0, 1, 3, 0, 1), (2, 3, 1, 1, 1, 1, 1, 1, 4)):
    f = lambda x, w, b: nhwc(F.relu(F.conv2d(F.pad(nchw(x), (left, right, top, bottom)), nchw(w), b, (sh, sw), 0, (dh, dw), groups)))
    case("Conv", f, [R(2, 6, 5, 4), R(4, 3, 2, 4 // groups), R(4)], ints=(sh, sw, dh, dw, top, left, bottom, right, groups, 1))
for s, p, op, groups in ((1, 0, 0, 1), (2, 1, 1, 1), (3, 1, 2, 2), (2, 0, 1, 2)):
    f = lambda x, w, b: nhwc(F.tanh(F.conv_transpose2d(nchw(x), nchw(w), b, s, p, op, groups)))
    case("ConvTranspose", f, [R(2, 3, 4, 4), R(4, 3, 3, 4 // groups), R(4)], ints=(s, p, op, groups, 3))

for k, s, p, ceil in ((2, 2, 0, 0), (3, 2, 1, 0), (3, 2, 1, 1), (2, 3, 1, 1), (3, 1, 1, 0), (2, 2, 0, 1)):
    case("Pool", lambda t: nhwc(F.max_pool2d(nchw(t), k, s, p, ceil_mode=bool(ceil))), [R(1, 5, 6, 2)], ints=(k, s, p, ceil, 0, 0))
    for count in (0, 1):
        case("Pool", lambda t: nhwc(F.avg_pool2d(nchw(t), k, s, p, bool(ceil), bool(count))), [R(1, 5, 6, 2)], ints=(k, s, p, ceil, 1, count))

for shape in ((4, 3), (2, 3, 2), (2, 2, 2, 3)):
    c = shape[-1]
    case("BatchNorm", lambda x, g, b: F.relu(F.batch_norm(x.reshape(-1, c), None, None, g, b, True, 0, 1e-3)).reshape(shape), [R(*shape), R(c), R(c)], ints=[1], floats=[1e-3])
    case("Normalize", lambda x, g, b: torch.tanh(F.batch_norm(x.reshape(-1, c), torch.full((c,), .5), torch.full((c,), 2.), g, b, False, 0, 1e-3)).reshape(shape), [R(*shape), R(c), R(c)], ints=[3], floats=[1e-3])
    case("LayerNorm", lambda x, g, b: F.layer_norm(x, (c,), g, b, 1e-3), [R(*shape), R(c), R(c)], floats=[1e-3])

for smoothing in (0, .1):
    case("CrossEntropy", lambda x, l: F.cross_entropy(x, l.long(), label_smoothing=smoothing), [R(5, 4), I(4, 5)], floats=[smoothing])
    case("CrossEntropy", lambda x, l: F.cross_entropy(x, l.long(), label_smoothing=smoothing), [R(4, 3), torch.tensor([0, -100, 2, -100], dtype=torch.int32)], floats=[smoothing])
    case("CrossEntropy", lambda x, l: F.cross_entropy(x.reshape(-1, 3), l.reshape(-1).long(), label_smoothing=smoothing), [R(2, 3, 3), I(3, 2, 3)], floats=[smoothing])

for kind, layer in enumerate((torch.nn.RNN, lambda *a: torch.nn.RNN(*a, nonlinearity="relu"), torch.nn.LSTM, torch.nn.GRU)):
    gates = (1, 1, 4, 3)[kind]
    def run(x, h, w, b, *c):
        n = layer(gates * 3, 3)
        params = {"weight_ih_l0": torch.eye(gates * 3), "bias_ih_l0": torch.zeros(gates * 3), "weight_hh_l0": w, "bias_hh_l0": b}
        state = (h[None], c[0][None]) if c else h[None]
        y, last = torch.func.functional_call(n, params, (x, state))
        return torch.cat([y, last[1]]) if c else y
    case("Recur", run, [R(4, 2, gates * 3), R(2, 3), R(gates * 3, 3), R(gates * 3)] + ([R(2, 3)] if kind == 2 else []), ints=[kind])

json.dump(cases, sys.stdout, separators=(",", ":"))
print(len(cases), "cases", file=sys.stderr)
