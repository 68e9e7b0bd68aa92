"""Makes golden.json: scores by scikit-learn, and the calibration error by NumPy.

	python3 golden.py > golden.json
"""
import json
import sys

import numpy as np
import sklearn
from sklearn import metrics as m

r = np.random.default_rng(5)
N, C = 60, 7
logits = r.normal(0, 2, (N, C)).astype(np.float32)
labels = r.integers(0, C - 2, N)  # class 5 has no row
logits[np.arange(N), labels] += 2
logits[:, 4] -= 8                 # class 4 is never guessed
logits[:, 6] -= 20                # class 6 does not occur at all
guess = logits.argmax(1)
every = list(range(C))

scores = np.round(r.normal(0, 1, 80), 1).astype(np.float32)  # many are equal
yes = (r.normal(0, 1, 80) + scores > 0.5).astype(int)

target = (r.normal(0, 2, (40, 3)) + [1000, 0, 0]).astype(np.float32)
target[:, 2] = 4                  # a column that never changes
out = (target + r.normal(0, 1, (40, 3))).astype(np.float32)
out64, target64 = out.astype(float), target.astype(float)


def calibration(bins):
    """Guo et al. 2017, equation 3: sum over bins of |B|/n·|acc(B) - conf(B)|."""
    e = np.exp(logits.astype(float))
    p = (e / e.sum(1, keepdims=True)).max(1)
    total = 0
    for b in range(bins):
        of = (p > b / bins) & (p <= (b + 1) / bins)
        if of.any():
            total += of.mean() * abs((guess == labels)[of].mean() - p[of].mean())
    return total


def classes(f):
    return f(labels, guess, labels=every, average=None, zero_division=0).tolist()


def macro(f):
    return f(labels, guess, average="macro", zero_division=0)


json.dump({
    "versions": {"python": sys.version.split()[0], "sklearn": sklearn.__version__, "numpy": np.__version__},
    "logits": logits.ravel().tolist(), "labels": labels.tolist(), "classes": C,
    "accuracy": m.accuracy_score(labels, guess),
    "top": [m.top_k_accuracy_score(labels, logits, k=k, labels=every) for k in (1, 2, 3, 4, 5)],
    "confusion": m.confusion_matrix(labels, guess, labels=every).tolist(),
    "precision": classes(m.precision_score), "recall": classes(m.recall_score), "f1": classes(m.f1_score),
    "macro": [macro(m.precision_score), macro(m.recall_score), macro(m.f1_score)],
    "calibration": [calibration(15), calibration(4)],
    "scores": scores.tolist(), "yes": yes.tolist(),
    "binary": m.accuracy_score(yes, scores > 0),
    "binary_f1": m.f1_score(yes, scores > 0),
    "auc": m.roc_auc_score(yes, scores), "average_precision": m.average_precision_score(yes, scores),
    "out": out.ravel().tolist(), "target": target.ravel().tolist(),
    "mse": m.mean_squared_error(target64, out64), "rmse": m.mean_squared_error(target64.ravel(), out64.ravel(), squared=False),
    "mae": m.mean_absolute_error(target64, out64), "r2": m.r2_score(target64, out64),
}, sys.stdout)
print()
