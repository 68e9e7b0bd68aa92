"""Results of networks that torchvision lacks, written anew in PyTorch, to twins.json.

    python3 -P twins.py > twins.json

Parameters have the names that limpid gives them, and values by the arithmetic
of torchvision.py. Everything is in float64.
"""
import json
import math
import sys

import torch
import torch.nn.functional as F
from torch import nn


def conv(i, o, k=3, s=1):
    return nn.Conv2d(i, o, k, s, k // 2, bias=False)


class Block(nn.Module):
    """He et al. 2016: a basic block, with option A or B as its shortcut."""

    def __init__(self, i, o, s=1, a=False, se=0):
        super().__init__()
        self.conv1, self.bn1, self.conv2, self.bn2 = conv(i, o, 3, s), nn.BatchNorm2d(o), conv(o, o), nn.BatchNorm2d(o)
        self.o, self.s, self.a = o, s, a
        if not a and (s != 1 or i != o):
            self.downsample = nn.Sequential(conv(i, o, 1, s), nn.BatchNorm2d(o))
        if se:
            self.tail = nn.ModuleDict({"se": nn.ModuleDict({"fc1": nn.Conv2d(o, o // se, 1), "fc2": nn.Conv2d(o // se, o, 1)})})

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if hasattr(self, "tail"):
            s = self.tail["se"]
            y = y * torch.sigmoid(s["fc2"](F.relu(s["fc1"](y.mean((2, 3), keepdim=True)))))
        if hasattr(self, "downsample"):
            x = self.downsample(x)
        elif self.a and (self.s != 1 or x.shape[1] != self.o):
            more = (self.o - x.shape[1]) // 2
            x = F.pad(x[:, :, ::self.s, ::self.s], (0, 0, 0, 0, more, self.o - x.shape[1] - more))
        return F.relu(x + y)


class Small(nn.Module):
    """He et al. 2016, section 4.2, with squeeze-and-excitation."""

    def __init__(self, width, n, classes, se):
        super().__init__()
        self.conv1, self.bn1 = conv(3, width), nn.BatchNorm2d(width)
        i = width
        for s in range(3):
            blocks = []
            for b in range(n):
                blocks.append(Block(i, width << s, 2 if s and not b else 1, True, se))
                i = width << s
            setattr(self, f"layer{s + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(i, classes)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        return self.fc(self.layer3(self.layer2(self.layer1(x))).mean((2, 3)))


class Norm(nn.Sequential):
    """A list of convolutions and normalisations, each pair followed by ReLU."""

    def forward(self, x):
        for i, m in enumerate(self):
            x = m(x)
            if isinstance(m, nn.BatchNorm2d):
                x = F.relu(x)
        return x


def pairs(*shapes):
    return Norm(*[m for i, o, k, s in shapes for m in (conv(i, o, k, s), nn.BatchNorm2d(o))])


class UNet(nn.Module):
    """Ronneberger et al. 2015, padded and normalised."""

    def __init__(self, width, levels, classes, bilinear=False, stride=1):
        super().__init__()
        w = [width << i for i in range(levels + 1)]
        self.down = nn.ModuleList([pairs((3 if not i else w[i - 1], w[i], 3, stride if not i else 1), (w[i], w[i], 3, 1)) for i in range(levels)])
        self.mid = pairs((w[levels - 1], w[levels], 3, 1), (w[levels], w[levels], 3, 1))
        if bilinear:
            self.lift = nn.ModuleList([nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear"), conv(w[i + 1], w[i], 1), nn.BatchNorm2d(w[i]))
                                       for i in range(levels)])
        else:
            self.lift = nn.ModuleList([nn.ConvTranspose2d(w[i + 1], w[i], 2, 2) for i in range(levels)])
        self.up = nn.ModuleList([pairs((2 * w[i], w[i], 3, 1), (w[i], w[i], 3, 1)) for i in range(levels)])
        self.head, self.stride = nn.Conv2d(width, classes, 1), stride

    def forward(self, x):
        size, skips = x.shape[2:], []
        for d in self.down:
            x = d(x)
            skips.append(x)
            x = F.max_pool2d(x, 2)
        x = self.mid(x)
        for i in reversed(range(len(self.up))):
            x, s = self.lift[i](x), skips[i]
            x = F.pad(x, (0, s.shape[3] - x.shape[3], 0, s.shape[2] - x.shape[2]))
            x = self.up[i](torch.cat([s, x], 1))
        x = self.head(x)
        return x if self.stride == 1 else F.interpolate(x, size, mode="bilinear")


class CenterNet(nn.Module):
    """Zhou et al. 2019, with a feature pyramid; results are heat, size, offset."""

    def __init__(self, classes, w):
        super().__init__()
        self.stem = pairs((3, w // 2, 3, 2), (w // 2, w, 3, 2))
        self.stages = nn.ModuleList([nn.Sequential(Block(w, w), Block(w, w)), nn.Sequential(Block(w, 2 * w, 2), Block(2 * w, 2 * w))])
        self.lateral = nn.ModuleList([nn.Sequential(conv(c, 2 * w, 1), nn.BatchNorm2d(2 * w)) for c in (w, 2 * w)])
        self.smooth = pairs((2 * w, 2 * w, 3, 1))
        self.heat, self.size, self.offset = self.make(2 * w, 2 * w, classes), self.make(2 * w, w, 2), self.make(2 * w, w, 2)

    @staticmethod
    def make(i, w, o):
        return nn.ModuleList([nn.Conv2d(i, w, 3, 1, 1), nn.Conv2d(w, o, 1)])

    def forward(self, x):
        a = self.stages[0](self.stem(x))
        b = F.relu(self.lateral[1](self.stages[1](a)))
        y = F.relu(self.lateral[0](a) + F.interpolate(b, a.shape[2:], mode="bilinear"))
        y = self.smooth(y)
        heat, size, offset = (h[1](F.relu(h[0](y))) for h in (self.heat, self.size, self.offset))
        return torch.cat([heat, F.softplus(size), offset], 1)


def fill(shape, k, name):
    n = math.prod(shape)
    v = ((torch.arange(n) * 7919 + k * 104729) % 2003).double() / 2003 - 0.5
    if len(shape) >= 2:
        v = v * math.sqrt(24 / math.prod(shape[1:]))
    elif name.endswith("running_var") or "bias" not in name and "mean" not in name:
        v = v + 1
    return v.float().double().reshape(shape)


def case(net, h, w):
    net = net.double().eval()
    state = {k: v for k, v in net.state_dict().items() if not k.endswith("num_batches_tracked")}
    for i, (k, v) in enumerate(state.items()):
        v.copy_(fill(list(v.shape), i, k))
    x = fill([2, 3, h, w], 1, "x") * math.sqrt(3 * h * w / 24) * 2
    y = net(x).permute(0, *range(2, net(x).dim()), 1)
    return {"shape": [2, h, w, 3], "names": [[k, *v.shape] for k, v in state.items()],
            "y": [float(f"{v:.9g}") for v in y.reshape(-1)[::max(1, y.numel() // 300)].tolist()]}


with torch.no_grad():
    cases = {
        "resnet20": case(Small(4, 3, 3, 2), 12, 14),
        "unet": case(UNet(4, 2, 3), 13, 18),
        "unet bilinear": case(UNet(4, 2, 3, bilinear=True), 16, 12),
        "unet halved": case(UNet(4, 2, 3, stride=2), 25, 18),
        "centernet": case(CenterNet(3, 4), 32, 44),
    }
json.dump({"torch": torch.__version__, "cases": cases}, sys.stdout, separators=(",", ":"))
print()
