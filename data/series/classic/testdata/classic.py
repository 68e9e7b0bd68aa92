"""Makes classic.json: Holt-Winters by statsmodels, harmonic regression by numpy.

	python3 classic.py > classic.json

The series is drawn here. With known shares and first states statsmodels and
this package must agree to rounding; of shares that were chosen, the sum of
squared errors is compared.
"""
import json
import warnings

import numpy as np
from statsmodels.tsa.ar_model import AutoReg
from statsmodels.tsa.holtwinters import ExponentialSmoothing

warnings.filterwarnings("ignore")
rng = np.random.default_rng(7)
n, m = 120, 6
t = np.arange(n)
y = 50 + 0.3 * t + 6 * np.sin(2 * np.pi * t / m) + 2 * np.cos(4 * np.pi * t / m) + np.convolve(rng.normal(size=n + 20), 0.7 ** np.arange(20))[20:n + 20]
y = np.round(y, 3)
out = {"values": y.tolist(), "period": m, "models": []}


def start(mul):
    """The first states of HoltWinters.start, written a second time."""
    k = min(5, n // m)
    first, last = y[:m].mean(), y[(k - 1) * m:k * m].mean()
    slope = (last - first) / ((k - 1) * m)
    level = first - slope * (m + 1) / 2
    line = level + slope * (np.arange(k * m) + 1)
    rest = y[:k * m] / line if mul else y[:k * m] - line
    return level, slope, rest.reshape(k, m).mean(0)


for mul in (False, True):
    for damped in (False, True):
        level, slope, season = start(mul)
        kind = dict(trend="add", damped_trend=damped, seasonal="mul" if mul else "add", seasonal_periods=m)
        known = ExponentialSmoothing(y, initialization_method="known", initial_level=level, initial_trend=slope, initial_seasonal=season, **kind)
        shares = dict(smoothing_level=0.35, smoothing_trend=0.12, smoothing_seasonal=0.25)
        if damped:
            shares["damping_trend"] = 0.93
        r = known.fit(optimized=False, **shares)
        chosen = known.fit(optimized=True)
        out["models"].append({"multiplicative": mul, "damped": damped, "sse": float(r.sse), "forecast": r.forecast(9).tolist(), "chosen_sse": float(chosen.sse)})


def terms(t, h):
    c = [np.ones_like(t, dtype=float), t / n]
    for k in range(1, h + 1):
        c += [np.cos(2 * np.pi * k * t / m), np.sin(2 * np.pi * k * t / m)]
    return np.stack(c, -1)


p = 2
X = terms(t - n + 1, 2)
b = np.linalg.lstsq(X, y, rcond=None)[0]
e = y - X @ b
out["curve"] = (terms(np.arange(1, 10), 2) @ b).tolist()
a = AutoReg(e, p, trend="n").fit().params
Z = X[p:] - a[0] * X[p - 1:-1] - a[1] * X[p - 2:-2]
z = y[p:] - a[0] * y[p - 1:-1] - a[1] * y[p - 2:-2]
b = np.linalg.lstsq(Z, z, rcond=None)[0]
e = y - X @ b
a = AutoReg(e, p, trend="n").fit().params
h = list(e)
for _ in range(9):
    h.append(a[0] * h[-1] + a[1] * h[-2])
out["ar"], out["harmonic"] = a.tolist(), (terms(np.arange(1, 10), 2) @ b + np.array(h[-9:])).tolist()
print(json.dumps(out))
