"""The values that balance_test.go and split_test.go hold.

    python3 sklearn_values.py        scikit-learn 1.4.2 (Debian 13)
"""
import numpy as np
from sklearn.model_selection import TimeSeriesSplit
from sklearn.utils.class_weight import compute_class_weight

print(compute_class_weight("balanced", classes=np.arange(3), y=[0, 0, 0, 0, 1, 1, 2]).tolist())
for train, test in TimeSeriesSplit(n_splits=3).split(np.arange(10)):
    print(train.tolist(), test.tolist())
