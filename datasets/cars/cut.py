"""Copies cars.csv from mpg.csv of github.com/mwaskom/seaborn-data, commit
71e2436a092d714350de0fc409ca8a8714e7e78f, by hand:

    python3 cut.py mpg.csv

That file is auto-mpg.data of the UCI Machine Learning Repository with a head,
with the origins 1, 2, 3 by name and with nothing in place of "?". Here the
numbers lose their ".0".
"""
import csv, sys

rows = list(csv.reader(open(sys.argv[1], encoding="utf-8")))
with open("cars.csv", "w", newline="") as f:
    out = csv.writer(f, lineterminator="\n")
    out.writerows([v.removesuffix(".0") for v in row] for row in rows)
