"""Names, shapes, counts and results of torchvision's networks, to torchvision.json.

    python3 torchvision.py > torchvision.json   # run outside this folder, or with -P

Narrow variants are given weights by integer arithmetic, here and in
torch_test.go, so that only names, shapes and results need be kept. Results are
in float64. Counts are of networks of full size, with 1,000 classes.
"""
import json
import math
import sys

import torch
import torchvision
from torchvision import models
from torchvision.models import resnet, vgg
from torchvision.ops import SqueezeExcitation


class Narrow(resnet.ResNet):
    """torchvision's ResNet with widths divided by 8."""

    def _make_layer(self, block, planes, *a, **k):
        if planes == 64:
            self.inplanes = 8
            self.conv1 = torch.nn.Conv2d(3, 8, 7, 2, 3, bias=False)
            self.bn1 = torch.nn.BatchNorm2d(8)
        return super()._make_layer(block, planes // 8, *a, **k)



def narrow_resnet(block, layers):
    n = Narrow(block, layers, num_classes=5)
    n.fc = torch.nn.Linear(64 * block.expansion, 5)
    return n


def narrow_vgg(depth, norm):
    cfg = [c if c == "M" else c // 16 for c in vgg.cfgs[{11: "A", 16: "D"}[depth]]]
    n = vgg.VGG(torch.nn.Sequential(), num_classes=5)
    layers, c_in = [], 3
    for c in cfg:
        if c == "M":
            layers.append(torch.nn.MaxPool2d(2, 2))
            continue
        layers.append(torch.nn.Conv2d(c_in, c, 3, padding=1))
        layers += [torch.nn.BatchNorm2d(c)] if norm else []
        layers.append(torch.nn.ReLU(inplace=True))
        c_in = c
    n.features = torch.nn.Sequential(*layers)
    n.classifier[0] = torch.nn.Linear(32 * 49, 12)
    n.classifier[3] = torch.nn.Linear(12, 12)
    n.classifier[6] = torch.nn.Linear(12, 5)
    return n


def fill(shape, k, name):
    n = math.prod(shape)
    v = ((torch.arange(n) * 7919 + k * 104729) % 2003).double() / 2003 - 0.5
    if len(shape) >= 2:
        v = v * math.sqrt(24 / math.prod(shape[1:]))
    elif name.endswith("running_var") or "bias" not in name and "mean" not in name:
        v = v + 1
    return v.float().double().reshape(shape)


def case(net, h, w, c=3):
    net = net.double().eval()
    state = {k: v for k, v in net.state_dict().items() if not k.endswith("num_batches_tracked")}
    for i, (k, v) in enumerate(state.items()):
        v.copy_(fill(list(v.shape), i, k))
    x = fill([2, c, h, w], 1, "x") * math.sqrt(c * h * w / 24) * 2
    return {"shape": [2, h, w, c], "names": [[k, *v.shape] for k, v in state.items()],
            "y": [float(f"{v:.10g}") for v in net(x).reshape(-1).tolist()]}


def count(net):
    return sum(p.numel() for p in net.parameters())


with torch.no_grad(), torch.device("cpu"):
    cases = {
        "resnet18": case(narrow_resnet(resnet.BasicBlock, [2, 2, 2, 2]), 48, 40),
        "resnet50": case(narrow_resnet(resnet.Bottleneck, [3, 4, 6, 3]), 40, 33),
        "mobilenet": case(models.MobileNetV2(num_classes=5, width_mult=0.25), 48, 40),
        "vgg11": case(narrow_vgg(11, False), 64, 48),
        "vgg16 norm": case(narrow_vgg(16, True), 48, 32),
        "squeeze-excite": case(SqueezeExcitation(6, 3), 4, 5, 6),
    }
with torch.device("meta"):
    counts = {
        "resnet18": count(models.resnet18()), "resnet34": count(models.resnet34()),
        "resnet50": count(models.resnet50()), "resnet101": count(models.resnet101()),
        "mobilenet": count(models.mobilenet_v2()), "mobilenet 0.5": count(models.MobileNetV2(width_mult=0.5)),
        "vgg11": count(models.vgg11()), "vgg16": count(models.vgg16()), "vgg16 norm": count(models.vgg16_bn()),
        "vgg19": count(models.vgg19()),
    }
json.dump({"versions": {"torch": torch.__version__, "torchvision": torchvision.__version__},
           "counts": counts, "cases": cases}, sys.stdout, separators=(",", ":"))
print()
