"""people.csv as scikit-learn encodes it, fitted on rows 0 to 4: people.json.

    python3 encode.py        in this folder; scikit-learn 1.4.2, numpy 2.2.4 (Debian 13)
"""
import csv, datetime, json
import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

rows = list(csv.DictReader(open("people.csv", encoding="utf-8")))
num = lambda k: np.array([[float(r[k]) if r[k] not in ("", "NA") else np.nan] for r in rows])
day = np.array([[(datetime.date.fromisoformat(r["joined"]) - datetime.date(1970, 1, 1)).days] for r in rows], float)
fit = slice(0, 5)


def number(v):
    scaler = StandardScaler().fit(v[fit])
    imputer = SimpleImputer(strategy="mean", add_indicator=True).fit(scaler.transform(v)[fit])
    out = imputer.transform(scaler.transform(v))
    if np.isnan(v).any() and out.shape[1] == 1:
        out = np.hstack([out, np.isnan(v)])
    return out


def names(k):
    v = np.array([[r[k]] for r in rows])
    return OneHotEncoder(sparse_output=False).fit(v[fit]).transform(v)


x = np.hstack([number(num("age")), number(num("height")), np.array([[float(r["smokes"] == "yes")] for r in rows]),
               names("city"), number(day), names("rank")])
y = StandardScaler().fit(num("spends")[fit]).transform(num("spends"))
json.dump(dict(x=x.round(6).tolist(), y=y[:, 0].round(6).tolist()), open("people.json", "w"), indent=0)
