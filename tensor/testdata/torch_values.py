"""Writes torch_values.json: what PyTorch computes for the operations of package
tensor, and its gradients. Made with PyTorch 2.6.0, float64, on one thread.

	python3 torch_values.py > torch_values.json

A case holds an operation's name, its whole and its real options, its operands
and its results, each as [type, shape, values], and the gradients of
sum(cos(k)·out[0][k]) by each float operand, k counting elements. Images are
turned to [N, H, W, C], filters to [O, KH, KW, C], as limpid has them.
"""
import itertools, json, math, sys
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

# Functions of one number, kinks and ends among them.
x = torch.tensor([-3.5, -1.0, -0.25, 0.0, 0.5, 1.0, 2.75])
ends = torch.tensor([-inf, -1e4, -40.0, 40.0, 1e4, inf, nan])
pos = torch.tensor([0.25, 0.5, 1.0, 3.0, 100.0])
for op, f in {"Neg": torch.neg, "Abs": torch.abs, "Square": torch.square, "Exp": torch.exp, "Sin": torch.sin, "Cos": torch.cos,
              "Tanh": torch.tanh, "Sigmoid": torch.sigmoid, "ReLU": F.relu, "GELU": F.gelu, "Softplus": F.softplus}.items():
    case(op, f, [x])
    if op not in ("Sin", "Cos", "GELU"):
        case(op, f, [ends], grad=False)
for op, f in {"Sqrt": torch.sqrt, "Log": torch.log}.items():
    case(op, f, [pos])
    case(op, f, [torch.tensor([-1.0, 0.0, inf, nan])], grad=False)
for a in (0, 1, 2, 3, -1, .5, -2.5):
    case("Pow", lambda t: t.pow(a), [pos], floats=[a])
for a in (2, 3, -1):
    case("Pow", lambda t: t.pow(a), [x[x != 0]], floats=[a])
for a in (0, -2, .5):
    case("Scale", lambda t: t * a, [x], floats=[a])
    case("Shift", lambda t: t + a, [x], floats=[a])
    case("LeakyReLU", lambda t: F.leaky_relu(t, a), [x[x != 0]], floats=[a])
for lo, hi in ((-1, 1), (0, .5), (-inf, 1), (-1, inf), (.5, .5)):
    case("Clamp", lambda t: t.clamp(lo, hi), [x], floats=[lo, hi])
    case("Clamp", lambda t: t.clamp(lo, hi), [ends], floats=[lo, hi], grad=False)

# Functions of two, by every way of shapes that both libraries stretch.
shapes = [((), ()), ((3,), ()), ((), (3,)), ((3,), (3,)), ((2, 3), (3,)), ((3,), (2, 3)), ((2, 1), (1, 3)), ((1, 3), (2, 1)), ((2, 3), (1, 1)), ((2, 3, 2), (3, 2)), ((2, 3, 2), (3, 1)),
          ((2, 1, 2), (1, 3, 1)), ((1, 1, 1), (2, 3, 2)), ((0, 3), (3,)), ((2, 3), (2, 3))]
for op, f in {"Add": torch.add, "Sub": torch.sub, "Mul": torch.mul, "Div": torch.div, "Maximum": torch.maximum}.items():
    for a, b in shapes:
        u, v = R(*a), R(*b)
        case(op, f, [u, v + v.sign() if op == "Div" else v])
case("Maximum", torch.maximum, [torch.tensor([1.0, 2.0, 2.0]), torch.tensor([1.0, 3.0, -1.0])])
case("Maximum", torch.maximum, [ends, ends.flip(0)], grad=False)
case("Div", torch.div, [torch.tensor([1.0, -1.0, 0.0, inf]), torch.tensor([0.0, 0.0, 0.0, inf])], grad=False)
for a, b in shapes:
    u, v = torch.round(R(*a)), torch.round(R(*b))
    case("Eq", torch.eq, [u, v], grad=False)
    case("Less", torch.lt, [u, v], grad=False)
    case("Where", torch.where, [torch.round(R(*a)) > 0, R(*a), R(*b)])
case("Eq", torch.eq, [ends, ends], grad=False)
case("Less", torch.lt, [ends, ends.flip(0)], grad=False)
for op, f in {"Add": torch.add, "Sub": torch.sub, "Mul": torch.mul, "Maximum": torch.maximum, "Eq": torch.eq, "Less": torch.lt}.items():
    case(op, f, [I(9, 2, 3) - 4, I(9, 3) - 4])
case("Mul", torch.mul, [torch.tensor([65536, -2147483648, 2147483647], dtype=torch.int32), torch.tensor([65536, -1, 2], dtype=torch.int32)])
case("Add", torch.add, [torch.tensor([2147483647, -2147483648], dtype=torch.int32), torch.tensor([1, -1], dtype=torch.int32)])
case("Not", torch.logical_not, [I(2, 2, 3) > 0])

# Reductions over each set of axes.
def axes_of(rank):
    for n in range(1, rank + 1):
        yield from itertools.combinations(range(rank), n)
    yield ()

reductions = {
    "Sum": lambda t, d: t.sum(d), "Mean": lambda t, d: t.mean(d), "Var": lambda t, d: t.var(d, unbiased=False), "Max": torch.amax, "Min": torch.amin,
    "Norm": lambda t, d: torch.linalg.vector_norm(t, dim=d), "LogSumExp": torch.logsumexp,
}
for op, f in reductions.items():
    for shape in ((2, 3, 2), (1, 3, 1), (2, 1, 3)):
        for axes in axes_of(3):
            over = axes or tuple(range(3))
            case(op, lambda t: f(t, over), [R(*shape)], ints=axes)
    case(op, lambda t: f(t, (-1, 0)), [R(2, 3, 2)], ints=(-1, 0))
    case(op, lambda t: f(t, (1, 3)), [R(2, 2, 2, 3)], ints=(1, 3))
    case(op, lambda t: f(t, (0,)), [R(1)], ints=(0,))
    if op not in ("Var",):
        case(op, lambda t: f(t, (0,)), [torch.tensor([[1.0, nan, inf, -inf, inf], [2.0, 1.0, 1.0, 1.0, -inf]])], ints=(0,), grad=False)
    if op not in ("Max", "Min", "Var"):
        case(op, lambda t: f(t, (1,)), [R(2, 0)], ints=(1,), grad=False)
        case(op, lambda t: f(t, (0,)), [R(0, 3)], ints=(0,), grad=False)
    case(op, lambda t: f(t, (1,)), [R(0, 3)], ints=(1,), grad=False)
ties = torch.tensor([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0], [-1.0, -1.0, -5.0]])
for op in ("Max", "Min"):
    for axes in ((0,), (1,), (0, 1)):
        case(op, lambda t: reductions[op](t, axes), [ties], ints=axes)
case("Norm", lambda t: torch.linalg.vector_norm(t, dim=(1,)), [torch.tensor([[0.0, 0.0], [3.0, -4.0]])], ints=(1,))
case("LogSumExp", lambda t: torch.logsumexp(t, (1,)), [torch.tensor([[1000.0, 1000.0], [-1000.0, -1001.0], [5.0, -1000.0]])], ints=(1,))
for op, f in {"Sum": lambda t, d: t.sum(d).int(), "Max": torch.amax, "Min": torch.amin}.items():
    for axes in ((0,), (1,), (0, 1)):
        case(op, lambda t: f(t, axes), [I(50, 3, 4) - 25], ints=axes)

# Along an axis.
for shape in ((3,), (2, 3), (2, 3, 2)):
    for axis in range(-len(shape), len(shape)):
        t = R(*shape)
        case("Softmax", lambda t: t.softmax(axis), [t], ints=[axis])
        case("LogSoftmax", lambda t: t.log_softmax(axis), [t], ints=[axis])
        case("CumSum", lambda t: t.cumsum(axis), [t], ints=[axis])
        case("Flip", lambda t: t.flip(axis), [t], ints=[axis])
        case("ArgMax", lambda t: t.argmax(axis), [t], ints=[axis], grad=False)
        case("Unsqueeze", lambda t: t.unsqueeze(axis), [t], ints=[axis])
for row in ([1e4, -1e4, 0.0], [-inf, 0.0, 1.0], [-inf, -inf, -inf], [nan, 0.0, 1.0], [-1e4, -1e4, -1e4]):
    case("Softmax", lambda t: t.softmax(0), [torch.tensor(row)], ints=[0], grad=False)
    case("LogSoftmax", lambda t: t.log_softmax(0), [torch.tensor(row)], ints=[0], grad=False)
case("ArgMax", lambda t: t.argmax(1), [ties], ints=[1], grad=False)
case("ArgMax", lambda t: t.argmax(0), [ties], ints=[0], grad=False)
case("ArgMax", lambda t: t.argmax(0), [torch.tensor([1.0, nan, inf])], ints=[0], grad=False)
case("ArgMax", lambda t: t.argmax(0), [torch.tensor([-inf, -inf])], ints=[0], grad=False)
case("CumSum", lambda t: t.cumsum(0).int(), [I(9, 4) - 4], ints=[0])

# Moves.
t4 = R(2, 3, 1, 2)
for order in itertools.permutations(range(3)):
    case("Permute", lambda t: t.permute(order), [R(2, 3, 4)], ints=order)
case("Permute", lambda t: t.permute(-1, 0, -2, 1), [t4], ints=(-1, 0, -2, 1))
case("T", lambda t: t.transpose(-1, -2), [R(2, 3)])
case("T", lambda t: t.transpose(-1, -2), [R(2, 3, 4)])
case("Squeeze", lambda t: t.squeeze(2), [t4], ints=[2])
case("Squeeze", lambda t: t.squeeze(-2), [t4], ints=[-2])
for shape in ((12,), (3, 4), (2, -1), (-1,), (1, 12, 1), (2, 3, 2, 1)):
    case("Reshape", lambda t: t.reshape(shape), [R(2, 3, 2)], ints=shape)
case("Flatten", lambda t: t.flatten(1), [R(2, 3, 2)])
for a, b in (((), (2, 3)), ((3,), (2, 3)), ((1, 3), (2, 3)), ((2, 1), (2, 3)), ((1,), (4,)), ((3, 1), (2, 3, 4)), ((2, 3), (2, 3))):
    case("BroadcastTo", lambda t: t.broadcast_to(b), [R(*a)], ints=b)
for axis, a, b in ((0, 0, 2), (0, 1, 1), (0, 1, 4), (1, -2, -1), (-1, 0, 2), (1, 0, 3), (-2, -3, 2)):
    t = R(4, 3, 2)
    n = t.shape[axis]
    lo, hi = a + n * (a < 0), b + n * (b < 0)
    case("Slice", lambda t: t.narrow(axis, lo, hi - lo), [t], ints=(axis, a, b))
for axis, i in ((0, 0), (0, -1), (1, 2), (-1, 1), (2, -2)):
    case("Index", lambda t: t.select(axis, i), [R(4, 3, 2)], ints=(axis, i))
for axis, n in ((0, 2), (0, 4), (1, 3), (-1, 1)):
    case("Split", lambda t: torch.chunk(t, n, axis), [R(4, 3, 2)], ints=(axis, n))
for axis, a, b in ((0, 1, 0), (1, 0, 2), (-1, 2, 1), (0, 0, 0)):
    def pad(t):
        widths = [0, 0] * t.dim()
        at = 2 * (t.dim() - 1 - axis % t.dim())
        widths[at], widths[at + 1] = a, b
        return F.pad(t, widths)
    case("Pad", pad, [R(2, 3, 2)], ints=(axis, a, b))
for axis in range(-3, 3):
    size = [2, 3, 2]
    case("Concat", lambda *ts: torch.cat(ts, axis), [R(2, 3, 2), R(*[n + (k == axis % 3) for k, n in enumerate(size)]), R(2, 3, 2)], ints=[axis])
for axis in range(-3, 3):
    case("Stack", lambda *ts: torch.stack(ts, axis), [R(2, 3), R(2, 3)], ints=[axis])
case("Concat", lambda *ts: torch.cat(ts, 0), [R(0, 3), R(2, 3)], ints=[0])
for axis in (0, 1, 2, -1):
    t = R(3, 4, 2)
    ix = I(t.shape[axis], 5)
    case("Take", lambda t, i: t.index_select(axis, i), [t, ix], ints=[axis])
    shape = list(t.shape)
    shape[axis] = 3
    g = I(t.shape[axis], *shape)
    case("Gather", lambda t, i: torch.gather(t, axis, i.long()), [t, g], ints=[axis])
    shape[axis] = 5
    case("ScatterAdd", lambda t, i, v: t.index_add(axis, i, v), [t, ix, R(*shape)], ints=[axis])
case("Take", lambda t, i: t[i.long()], [R(4, 2), I(4, 2, 3)], ints=[0])
case("Take", lambda t, i: F.embedding(i.long(), t), [R(5, 3), I(5, 2, 2)], ints=[0])
case("Take", lambda t, i: t[:, i.long()], [R(2, 4, 2), I(4, 3, 1)], ints=[1])
for n in (3, 5):
    case("OneHot", lambda i: F.one_hot(i.long(), n).double(), [I(3, 2, 2)], ints=[n])
for k in (1, 2, 4):
    case("TopK", lambda t: t.topk(k), [torch.randperm(12).double().reshape(3, 4)], ints=[k])
case("TopK", lambda t: t.topk(3), [torch.tensor([1.0, nan, inf, -inf])], ints=[3], grad=False)

# Products.
for a, b in (((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((2, 2, 3), (3, 4)), ((2, 2, 3), (2, 3, 4)), ((2, 3, 1, 2), (2, 3, 2, 1)), ((2, 0), (0, 3)), ((2, 2, 3), (3,)), ((1, 1), (1, 1)), ((5, 7), (7, 6))):
    case("MatMul", torch.matmul, [R(*a), R(*b)])

# Images: each option by itself and some together.
def nchw(t):
    return t.permute(0, 3, 1, 2)

def nhwc(t):
    return t.permute(0, 2, 3, 1)

def conv(x, w, stride, dilation, groups, pad):
    return nhwc(F.conv2d(nchw(x), nchw(w), None, stride, pad, dilation, groups))

def deconv(x, w, stride, dilation, groups, pad):
    return nhwc(F.conv_transpose2d(nchw(x), nchw(w), None, stride, pad, 0, groups, dilation))

options = [(1, 1, 1, 0), (2, 1, 1, 0), (1, 2, 1, 0), (1, 1, 2, 0), (1, 1, 1, 1), (3, 1, 1, 2), (2, 2, 1, 1), (1, 1, 4, 1), (2, 2, 2, 3)]
for stride, dilation, groups, p in options:
    for kh, kw in ((2, 2), (1, 3), (3, 3)):
        case("Conv2D", lambda x, w: conv(x, w, stride, dilation, groups, p), [R(1, 6, 5, 4), R(4, kh, kw, 4 // groups)], ints=(stride, dilation, groups, p))
        case("ConvTranspose2D", lambda x, w: deconv(x, w, stride, dilation, groups, min(p, 1)), [R(1, 3, 4, 4), R(4, kh, kw, 4 // groups)], ints=(stride, dilation, groups, min(p, 1)))
case("Conv2D", lambda x, w: conv(x, w, 1, 1, 1, 1), [R(2, 3, 3, 1), R(3, 3, 3, 1)], ints=(0, 0, 0, 1))
for size, stride in ((2, 0), (2, 1), (3, 2), (1, 2), (5, 1), (2, 3)):
    case("MaxPool2D", lambda t: nhwc(F.max_pool2d(nchw(t), size, stride or size)), [R(2, 5, 6, 2)], ints=(size, stride))
    case("AvgPool2D", lambda t: nhwc(F.avg_pool2d(nchw(t), size, stride or size)), [R(2, 5, 6, 2)], ints=(size, stride))
case("MaxPool2D", lambda t: nhwc(F.max_pool2d(nchw(t), 2, 1)), [torch.round(R(1, 4, 4, 2))], ints=(2, 1))
case("MaxPool2D", lambda t: nhwc(F.max_pool2d(nchw(t), 2, 2)), [torch.tensor([1.0, nan, inf, -inf, -inf, -inf, 3.0, 3.0]).reshape(1, 2, 4, 1)], ints=(2, 2), grad=False)
for h, w in ((3, 4), (6, 8), (5, 7), (1, 1), (2, 3), (9, 2), (1, 8)):
    for nearest in (0, 1):
        mode = dict(mode="nearest") if nearest else dict(mode="bilinear", align_corners=False)
        case("Resize", lambda t: nhwc(F.interpolate(nchw(t), (h, w), **mode)), [R(2, 3, 4, 2)], ints=(h, w, nearest))

# From one type to another, as far as both say the same.
for to in ("float64", "int32", "bool"):
    kind = {"float64": torch.float64, "int32": torch.int32, "bool": torch.bool}[to]
    for t in (torch.tensor([-2.9, -1.0, -.5, 0.0, .5, 1.0, 2.9, 1e9, -1e9]), I(9, 5) - 4, I(2, 4) > 0):
        if t.dtype != kind:
            case("To " + to, lambda t: t.to(kind), [t])

json.dump(cases, sys.stdout, separators=(",", ":"))
print(len(cases), "cases", file=sys.stderr)
