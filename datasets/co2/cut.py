"""Makes co2.csv from the npm package vega-datasets 3.2.1, by hand:

    npm pack vega-datasets@3.2.1 && tar xzf vega-datasets-3.2.1.tgz && python3 cut.py package

The column "adjusted CO2" is left out: its seasonal cycle was fitted to the
whole record, so it knows the future.
"""
import csv, sys

rows = list(csv.DictReader(open(sys.argv[1] + "/data/co2-concentration.csv")))
with open("co2.csv", "w", newline="") as f:
    out = csv.writer(f, lineterminator="\n")
    out.writerow(["month", "co2"])
    out.writerows([r["Date"][:7], r["CO2"]] for r in rows)
