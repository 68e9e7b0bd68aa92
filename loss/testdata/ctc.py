"""Makes ctc.json: values and gradients of torch.nn.functional.ctc_loss.

	python3 ctc.py > ctc.json

Of each case: the logits [N, T, C], the lengths, the labels, the blank, the loss
(reduction "mean": each example over its number of labels, then the mean) and
its gradient by the logits. All is computed in float64 of inputs that float32
holds exactly. PyTorch has no second order of it; ctc_test.go enumerates.
"""
import json
import sys

import torch
import torch.nn.functional as F

torch.manual_seed(5)


def case(lens, labels, c, blank, scale=2.0):
    n, t = len(lens), max(lens)
    x = (torch.randn(n, t, c) * scale).double().requires_grad_()
    longest = max(max(len(row) for row in labels), 1)
    padded = torch.tensor([row + [0] * (longest - len(row)) for row in labels])
    sizes = torch.tensor([len(row) for row in labels])
    y = F.ctc_loss(x.log_softmax(-1).transpose(0, 1), padded, torch.tensor(lens), sizes, blank)
    (g,) = torch.autograd.grad(y, x)
    return {"shape": list(x.shape), "out": x.detach().flatten().tolist(), "lens": lens, "labels": padded.flatten().tolist(),
            "label_lens": sizes.tolist(), "blank": blank, "loss": y.item(), "grad": g.flatten().tolist()}


cases = {
    "plain": case([6, 5, 6], [[1, 2], [3, 3], [2]], 4, 0),
    "blank last": case([7, 4], [[0, 1, 1], [2, 0]], 4, 3),
    "blank between": case([5, 5], [[0, 2], [2, 2]], 3, 1),
    "empty": case([4, 3], [[], [1]], 3, 0),
    "just enough": case([3, 5], [[1, 2, 1], [1, 1, 1]], 3, 0),
    "long": case([40, 31], [[1 + k * k % 9 for k in range(12)], [1 + k * 7 % 9 for k in range(20)]], 10, 0, 4),
}
json.dump({"torch": torch.__version__, "cases": cases}, sys.stdout)
