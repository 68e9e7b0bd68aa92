#!/usr/bin/env python3
"""What limpid trained, trained by PyTorch: for accuracy.py, one JSON line.

    torch_train.py --run RUN --seed 1 --threads 2

RUN is the folder of a finished limpid run, of the recipe fashion or of
resnet.yaml. All settings are read from its run.json, the network's sizes from
its weights. Then the same is written down once more with PyTorch's own layers,
optimiser, schedule and loss: nothing below is limpid's but the data, which are
unpacked from datasets/fashion/mini.bin.
"""
import argparse
import json
import math
import os
import re
import struct
import zlib

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

here = os.path.dirname(os.path.abspath(__file__))
SIDE, MEAN, DEVIATION = 28, 0.2860, 0.3530


def unpack(file):
    """Returns images [8000, 28, 28], 0 to 255, and labels, as datasets/fashion/mini.go says they are packed."""
    raw, labels = [], []
    while file:
        n = struct.unpack("<I", file[:4])[0]
        part = np.frombuffer(zlib.decompress(file[4:4 + n], wbits=-15), np.uint8)
        labels.append(part[:1000])
        raw.append(part[1000:].reshape(1000, SIDE // 2, SIDE))
        file = file[4 + n:]
    raw = np.concatenate(raw).astype(np.int64)
    pix = np.zeros((len(raw), SIDE + 1, SIDE + 1), np.int64)  # a row and a column of zeros before the picture
    for y in range(SIDE):
        residual = raw[:, y // 2] >> (4 if y % 2 == 0 else 0)
        for x in range(SIDE):
            left, up, corner = pix[:, y + 1, x], pix[:, y, x + 1], pix[:, y, x]
            low, high = np.minimum(left, up), np.maximum(left, up)
            pix[:, y + 1, x + 1] = (residual[:, x] + np.clip(left + up - corner, low, high)) & 15
    return pix[:, 1:, 1:] * 17, np.concatenate(labels).astype(np.int64)


def splits():
    """Returns training, validation and test pictures [N, 1, 28, 28], normalised, and their labels."""
    with open(os.path.join(here, "..", "datasets", "fashion", "mini.bin"), "rb") as f:
        pix, labels = unpack(f.read())
    x = torch.from_numpy(((pix / 255 - MEAN) / DEVIATION).astype(np.float32))[:, None]
    y = torch.from_numpy(labels)
    held = np.zeros(6000, bool)
    for c in range(10):  # the last 60 of each class
        held[np.flatnonzero(labels[:6000] == c)[-60:]] = True
    held = torch.from_numpy(held)
    return (x[:6000][~held], y[:6000][~held]), (x[:6000][held], y[:6000][held]), (x[6000:], y[6000:])


class Block(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        nn.init.xavier_uniform_(self.conv.weight)  # limpid's choice where no activation follows directly

    def forward(self, x):
        return F.max_pool2d(F.relu(self.norm(self.conv(x))), 2)


class CNN(nn.Module):
    """The network of the recipe fashion."""

    def __init__(self, width, dropout):
        super().__init__()
        self.block1, self.block2, self.block3 = Block(1, width), Block(width, 2 * width), Block(2 * width, 4 * width)
        self.drop = nn.Dropout(dropout)
        self.classes = classifier(9 * 4 * width)

    def forward(self, x):
        x = self.block3(self.block2(self.block1(x)))
        return self.classes(self.drop(x.permute(0, 2, 3, 1).flatten(1)))  # limpid's order, so that its weights fit


class Basic(nn.Module):
    """Two convolutions and a shortcut without parameters: option A of He et al. 2016."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.stride, self.more = stride, outputs - inputs
        self.conv1, self.bn1 = he(inputs, outputs, stride), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = he(outputs, outputs, 1), nn.BatchNorm2d(outputs)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        x = x[:, :, ::self.stride, ::self.stride]
        return F.relu(y + F.pad(x, (0, 0, 0, 0, self.more // 2, self.more - self.more // 2)))


class ResNet(nn.Module):
    def __init__(self, width, blocks):
        super().__init__()
        self.conv1, self.bn1 = he(1, width, 1), nn.BatchNorm2d(width)
        self.layer1 = self.stage(width, width, blocks, 1)
        self.layer2 = self.stage(width, 2 * width, blocks, 2)
        self.layer3 = self.stage(2 * width, 4 * width, blocks, 2)
        self.fc = classifier(4 * width)

    @staticmethod
    def stage(inputs, outputs, blocks, stride):
        return nn.Sequential(Basic(inputs, outputs, stride), *(Basic(outputs, outputs, 1) for _ in range(blocks - 1)))

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.fc(x.mean((2, 3)))


def he(inputs, outputs, stride):
    conv = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
    nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
    return conv


def classifier(inputs):
    layer = nn.Linear(inputs, 10)
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def augment(x, c):
    """Mirrors, moves and covers a batch, each picture by chances of its own."""
    n = len(x)
    if c["flip"]:
        turned = torch.rand(n) < 0.5
        x = torch.where(turned[:, None, None, None], x.flip(3), x)
    if s := c["shift"]:
        wide = F.pad(x, (s, s, s, s), mode="replicate")
        rows = torch.randint(0, 2 * s + 1, (n, 1)) + torch.arange(SIDE)
        columns = torch.randint(0, 2 * s + 1, (n, 1)) + torch.arange(SIDE)
        x = wide[torch.arange(n)[:, None, None], 0, rows[:, :, None], columns[:, None, :]][:, None]
    if c["erase"] > 0:
        most = int(c["erase"] * SIDE)
        inside = [(torch.rand(n) < 0.5)[:, None]] * 2
        for axis in range(2):
            size = torch.randint(0, most + 1, (n,))
            first = (torch.rand(n) * (SIDE - size + 1)).long()  # any of SIDE − size + 1 places
            at = torch.arange(SIDE)
            inside[axis] = inside[axis] & (at >= first[:, None]) & (at < (first + size)[:, None])
        covered = (inside[0][:, :, None] & inside[1][:, None, :])[:, None]
        x = torch.where(covered, x.mean((1, 2, 3), keepdim=True), x)
    return x


@torch.no_grad()
def accuracy(net, x, y):
    net.eval()
    right = sum((net(a).argmax(1) == b).sum().item() for a, b in zip(x.split(500), y.split(500)))
    net.train()
    return right / len(y)


def weights(folder):
    """Reads weights.safetensors of a run."""
    with open(os.path.join(folder, "weights.safetensors"), "rb") as f:
        b = f.read()
    n = struct.unpack("<Q", b[:8])[0]
    out = {}
    for name, t in json.loads(b[8:8 + n]).items():
        if name != "__metadata__":
            first, last = t["data_offsets"]
            v = np.frombuffer(b[8 + n + first:8 + n + last], np.float32).copy().reshape(t["shape"])
            out[name.removeprefix("0.")] = torch.from_numpy(v)
    return out


def network(c, w):
    if "conv1.weight" in w:
        return ResNet(w["conv1.weight"].shape[0], 1 + max(int(m[1]) for k in w if (m := re.match(r"layer1\.(\d+)\.", k))))
    return CNN(c["width"], c["dropout"])


def train(net, x, y, c):
    per = math.ceil(len(x) / c["batch"])
    optimizer = torch.optim.AdamW(net.parameters(), c["lr"], weight_decay=c["weight-decay"])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, c["lr"], total_steps=per * c["epochs"], cycle_momentum=False)
    for _ in range(c["epochs"]):
        for rows in torch.randperm(len(x)).split(c["batch"]):
            optimizer.zero_grad(set_to_none=True)
            a = augment(x[rows], c).contiguous(memory_format=torch.channels_last)
            F.cross_entropy(net(a), y[rows], label_smoothing=c["smoothing"]).backward()
            optimizer.step()
            schedule.step()


def refuse(c):
    """Stops where a setting asks for what is not written down here."""
    usual = {"optimizer": "adamw", "schedule": "one-cycle", "warmup": 0, "clip": 0, "mixup": 0, "data": "",
             "activation": "relu", "l1": 0, "max-norm": 0, "average": "none", "input-noise": 0, "weight-noise": 0,
             "calibrate": False, "set": "fashion"}
    other = [k for k, v in usual.items() if c.get(k, v) != v]
    if other:
        raise SystemExit("torch_train.py does not know these settings of the run: " + ", ".join(other))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--run", required=True)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--threads", type=int, default=1)
    o = p.parse_args()
    torch.set_num_threads(o.threads)
    torch.manual_seed(o.seed)
    with open(os.path.join(o.run, "run.json")) as f:
        c = json.load(f)["config"]
    refuse(c)
    (x, y), validation, test = splits()
    w = weights(o.run)
    net = network(c, w)
    if k := c["examples"]:
        few = torch.arange(k) * len(x) // k
        x, y = x[few], y[few]
    train(net.to(memory_format=torch.channels_last), x, y, c)  # the quicker of the two layouts
    print(json.dumps({
        "accuracy": accuracy(net, *test), "validation": accuracy(net, *validation),
        "parameters": sum(v.numel() for v in net.parameters()), "version": torch.__version__,
        "carried": carried(net, w, test)}))


def carried(net, w, test):
    """Returns the test accuracy, in PyTorch, of the weights that limpid trained."""
    missing, unexpected = net.load_state_dict(w, strict=False)
    odd = unexpected + [k for k in missing if not k.endswith("num_batches_tracked")]
    if odd:
        raise SystemExit("the networks differ in " + ", ".join(odd))
    return accuracy(net, *test)


main()
