"""Copies seattle-weather.csv from the npm package vega-datasets 3.2.1, by hand:

    npm pack vega-datasets@3.2.1 && tar xzf vega-datasets-3.2.1.tgz && python3 cut.py package

The column "weather", which that package made up from others, is left out.
"""
import csv, sys

rows = list(csv.DictReader(open(sys.argv[1] + "/data/seattle-weather.csv")))
names = ["date", "precipitation", "temp_max", "temp_min", "wind"]
with open("seattle.csv", "w", newline="") as f:
    out = csv.writer(f, lineterminator="\n")
    out.writerow(names)
    out.writerows([r[n] for n in names] for r in rows)
