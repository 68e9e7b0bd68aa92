"""Writes golden.json: what scikit-learn's methods answer on small tables.

    python3 golden.py

The trees are HistGradientBoosting's without a bound on leaves, so that depth
alone bounds them, and without early stopping. Where two splits are equally good,
which happens with classes before the first tree, rounding decides which is taken:
the settings below have no such tie.
"""
import json
import numpy as np
import sklearn
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge

N, SHOWN = 240, 30  # rows, and those whose answers are kept
rng = np.random.default_rng(7)
X = np.round(rng.normal(size=(N, 4)), 4)
X[:, 3] = rng.integers(0, 3, N)
signal = np.sin(2 * X[:, 0]) + X[:, 1] * (X[:, 3] == 1) + 0.3 * X[:, 2] + rng.normal(0, 0.3, N)
targets = {"number": np.round(signal, 4), "two": (signal > 0.2).astype(int), "three": np.digitize(signal, [-0.4, 0.5])}
cases = []
def case(method, target, model, settings):
    model.fit(X, targets[target])
    answers = model.predict(X[:SHOWN]) if target == "number" else model.predict_proba(X[:SHOWN])
    cases.append(dict(method=method, target=target, settings=settings, answers=np.asarray(answers).reshape(SHOWN, -1).tolist()))

for alpha in [0.01, 1, 50]:
    case("ridge", "number", Ridge(alpha=alpha), dict(alpha=alpha))
for target in ["two", "three"]:
    for c in [0.05, 1, 20]:
        # For two classes scikit-learn has one weight vector w and penalises |w|²/2; two vectors ±w/2 cost half of that.
        case("logistic", target, LogisticRegression(C=c, tol=1e-10, max_iter=10000), dict(alpha=(2 if target == "two" else 1) / c))
for target in targets:
    kind = HistGradientBoostingRegressor if target == "number" else HistGradientBoostingClassifier
    for rounds, rate, depth, leaf, l2 in [(1, 1.0, 1, 5, 0.0), (10, 0.3, 2, 12, 1.0), (40, 0.1, 3, 20, 1.0), (25, 0.2, 3, 30, 0.0)]:
        model = kind(max_iter=rounds, learning_rate=rate, max_depth=depth, min_samples_leaf=leaf, l2_regularization=l2, max_leaf_nodes=None, early_stopping=False)
        case("trees", target, model, dict(rounds=rounds, rate=rate, depth=depth, leaf=leaf, l2=l2))
json.dump(dict(sklearn=sklearn.__version__, x=X.tolist(), y={k: v.tolist() for k, v in targets.items()}, cases=cases), open("golden.json", "w"))
