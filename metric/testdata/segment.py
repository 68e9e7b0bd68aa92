"""Scores of segmentations by scikit-learn and SciPy, written to segment.json.

    python3 segment.py > segment.json    # scikit-learn 1.4.2, SciPy 1.15.3, NumPy 2.2.4
"""
import json
import sys

import numpy as np
from scipy import ndimage
from sklearn.metrics import jaccard_score

r = np.random.default_rng(3)
N, H, W, C = 3, 19, 26, 5  # class 4 does not occur


def picture():
    p = np.zeros((H, W), int)
    for c in (1, 2, 3, 1):
        y, x, h, w = r.integers(0, H - 4), r.integers(0, W - 4), r.integers(3, 10), r.integers(3, 12)
        p[y:y + h, x:x + w] = c
    return p


truth = np.stack([picture() for _ in range(N)])
guess = truth.copy()
for n in range(N):
    guess[n] = np.roll(guess[n], r.integers(-2, 3), r.integers(0, 2))
    speck = r.random((H, W)) < 0.03
    guess[n][speck] = r.integers(0, 4, speck.sum())
truth[truth == 1] = np.where(np.arange((truth == 1).sum()) % 7 == 0, -100, 1)
guess[2][guess[2] == 3] = 0
truth[2][truth[2] == 3] = 2
counts = truth != -100
t, g = truth[counts], guess[counts]
cross = ndimage.generate_binary_structure(2, 1)


def boundary(tolerance, first):
    pictures = []
    for n in range(N):
        scores = []
        for c in range(first, C):
            a, b = truth[n] == c, (guess[n] == c) & counts[n]
            ea = a & ~ndimage.binary_erosion(a, cross, border_value=0)
            eb = b & ~ndimage.binary_erosion(b, cross, border_value=0)
            if not ea.any() and not eb.any():
                continue
            if not ea.any() or not eb.any():
                scores.append(0.)
                continue
            p = (ndimage.distance_transform_edt(~ea)[eb] <= tolerance).mean()
            q = (ndimage.distance_transform_edt(~eb)[ea] <= tolerance).mean()
            scores.append(2 * p * q / (p + q) if p + q else 0.)
        pictures.append(np.mean(scores))
    return float(np.mean(pictures))


def text(a):
    return ["".join("x" if v < 0 else str(v) for v in row) for row in a.reshape(-1, W)]


json.dump({
    "shape": [N, H, W, C], "truth": text(truth), "guess": text(guess),
    "iou": jaccard_score(t, g, average=None, labels=range(C), zero_division=0).tolist(),
    "miou": float(jaccard_score(t, g, average="macro", labels=range(4))),
    "no_background": float(jaccard_score(t, g, average="macro", labels=range(1, 4))),
    "object": float(jaccard_score(t > 0, g > 0)),
    "accuracy": float((t == g).mean()),
    "boundary": {"1": boundary(1, 0), "2": boundary(2, 0), "3.2": boundary(3.2, 1)},
}, sys.stdout, indent=0)
print()
