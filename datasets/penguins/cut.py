"""Copies penguins.csv from the PyPI package palmerpenguins 0.1.6, by hand:

    pip download --no-deps palmerpenguins==0.1.6 && unzip palmerpenguins-0.1.6-*.whl && python3 cut.py palmerpenguins

The file is unchanged but for its ends of lines.
"""
import sys

text = open(sys.argv[1] + "/data/penguins.csv", encoding="utf-8", newline=None).read()
open("penguins.csv", "w", newline="\n").write(text.strip() + "\n")
