"""Makes forecast.json: scores of forecasts.

	python3 forecast.py > forecast.json

CRPS by numerical integration of its definition, the pinball loss and MAE by
scikit-learn, sMAPE and MASE by the formulas of sktime
(mean_absolute_percentage_error(symmetric=True), mean_absolute_scaled_error)
written out, autocorrelations by statsmodels.
"""
import json

import numpy as np
from scipy import integrate, stats
from sklearn.metrics import mean_absolute_error, mean_pinball_loss
from statsmodels.tsa.stattools import acf

rng = np.random.default_rng(5)
out = {}


def crps(cdf, y, breaks):
    """The integral of (F(x) - [x >= y])^2, piece by piece."""
    pts = sorted(set(list(breaks) + [y]))
    lo, hi = pts[0] - 60, pts[-1] + 60
    edges = [lo] + pts + [hi]
    total = 0
    for a, b in zip(edges, edges[1:]):
        total += integrate.quad(lambda x: (cdf(x) - (x >= y)) ** 2, a, b, limit=200, epsabs=1e-12, epsrel=1e-12)[0]
    return total


cases = []
for y, m, s in [(0, 0, 1), (1.5, 0, 1), (-3, 2, 0.5), (10, 9, 4), (0.25, 0.2, 0.01)]:
    cases.append({"y": y, "mean": m, "deviation": s, "crps": crps(lambda x: stats.norm.cdf(x, m, s), y, [m - 8 * s, m - 3 * s, m - s, m, m + s, m + 3 * s, m + 8 * s])})
out["gaussian"] = cases
cases = []
for n in (1, 2, 7):
    x = np.round(rng.normal(size=n), 4)
    for y in (-2.0, 0.3, float(x[0])):
        pts = sorted(x)
        total, edges = 0.0, sorted(set(list(pts) + [y]))
        for a, b in zip(edges, edges[1:]):  # the integrand is constant on each piece
            mid = (a + b) / 2
            total += (np.mean(x <= mid) - (mid >= y)) ** 2 * (b - a)
        cases.append({"y": y, "samples": x.tolist(), "crps": total})
out["samples"] = cases
levels = [0.05, 0.25, 0.5, 0.75, 0.95]
t = np.round(rng.normal(size=8) * 3, 4)
q = np.sort(np.round(rng.normal(size=(8, 5)) * 3, 4), 1)
out["levels"], out["target"], out["quantiles"] = levels, t.tolist(), q.reshape(-1).tolist()
out["pinball"] = float(np.mean([mean_pinball_loss(t, q[:, i], alpha=a) for i, a in enumerate(levels)]))
out["coverage"] = float(np.mean((q[:, 0] <= t) & (t <= q[:, 4])))
past = np.round(rng.normal(size=40).cumsum(), 4)
scale = float(np.mean(np.abs(past[4:] - past[:-4])))
out["scale"] = scale
out["mase"] = mean_absolute_error(t, q[:, 2]) / scale
out["smape"] = float(np.mean(2 * np.abs(t - q[:, 2]) / (np.abs(t) + np.abs(q[:, 2]))))
out["series"] = past.tolist()
out["acf"] = acf(past, nlags=10, fft=False).tolist()
print(json.dumps(out))
