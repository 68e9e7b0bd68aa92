"""What torchvision's non-maximum suppression keeps of random boxes, to nms.json.

    python3 -P nms.py > nms.json
"""
import json
import sys

import torch
import torchvision
from torchvision.ops import batched_nms, nms

torch.manual_seed(2)
n = 60
at = torch.randint(0, 40, (n, 2)).float()
boxes = torch.cat([at, at + torch.randint(5, 25, (n, 2))], 1)
scores = torch.randperm(n).float() / n  # no two are equal
labels = torch.randint(0, 3, (n,))
json.dump({
    "versions": {"torch": torch.__version__, "torchvision": torchvision.__version__},
    "boxes": boxes.tolist(), "scores": scores.double().tolist(), "labels": labels.tolist(),
    "classes": {str(t): batched_nms(boxes, scores, labels, t).tolist() for t in (0.2, 0.45, 0.7)},
    "any": {str(t): nms(boxes, scores, t).tolist() for t in (0.2, 0.45, 0.7)},
}, sys.stdout, separators=(",", ":"))
print()
