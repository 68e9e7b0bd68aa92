"""Scores of 1,000 random scenes by pycocotools, written to coco.json.

    python3 coco.py > coco.json      # pycocotools 2.0.11, numpy 2.4.6

The scenes are not stored: integer arithmetic makes them, here and in
coco_test.go.
"""
import contextlib
import io
import json
import sys

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

SCENES, GROUP, CLASSES = 1000, 25, 4


class Dice:
    def __init__(self, seed):
        self.x = seed

    def __call__(self, n):
        self.x = (self.x * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.x >> 33) % n


def scene(seed):
    r = Dice(seed)
    for _ in range(4):
        r(2)
    there, found = [], []
    for _ in range(r(8)):
        w, h = 4 + r(60) * (1 + 2 * r(2)), 4 + r(60) * (1 + 2 * r(2))
        x, y = r(200), r(200)
        label, crowd = r(CLASSES), r(10) == 0
        there.append((x, y, w, h, label, w * h * (60 + r(41)) // 100, crowd))
        for _ in range(r(3)):
            d = 1 + r(8)
            dx, dy, dw, dh = r(2 * d + 1) - d, r(2 * d + 1) - d, r(2 * d + 1) - d, r(2 * d + 1) - d
            lab = r(CLASSES) if r(6) == 0 else label
            found.append((x + dx, y + dy, max(w + dw, 1), max(h + dh, 1), lab, 20 + r(40)))
    extra = 120 if seed % 50 == 0 else r(6)
    for _ in range(extra):
        found.append((r(200), r(200), 4 + r(120), 4 + r(120), r(CLASSES), r(50)))
    return there, found


def evaluate(scenes, use_cats=True, per_class=False):
    images, truths, results = [], [], []
    for i, (there, found) in enumerate(scenes):
        images.append({"id": i + 1, "width": 400, "height": 400})
        for x, y, w, h, label, area, crowd in there:
            truths.append({"id": len(truths) + 1, "image_id": i + 1, "bbox": [x, y, w, h],
                           "category_id": label + 1, "area": area, "iscrowd": int(crowd)})
        for x, y, w, h, label, score in found:
            results.append({"image_id": i + 1, "bbox": [x, y, w, h], "category_id": label + 1,
                            "score": score / 64})
    with contextlib.redirect_stdout(io.StringIO()):
        gt = COCO()
        gt.dataset = {"images": images, "annotations": truths,
                      "categories": [{"id": c + 1, "name": str(c)} for c in range(CLASSES)]}
        gt.createIndex()
        if not results:
            return None
        e = COCOeval(gt, gt.loadRes(results), "bbox")
        e.params.useCats = int(use_cats)
        e.evaluate()
        e.accumulate()
        e.summarize()
    stats = [round(float(v), 9) for v in e.stats]
    if not per_class:
        return stats
    classes = []
    for k in range(CLASSES):
        p = e.eval["precision"][:, :, k, 0, 2]
        r = e.eval["recall"][:, k, 0, 2]
        classes.append([round(float(v), 9) for v in (p.mean(), p[0].mean(), p[5].mean(), r.mean())])
    return stats, classes


all_scenes = [scene(s) for s in range(SCENES)]
whole, classes = evaluate(all_scenes, per_class=True)
json.dump({
    "whole": whole, "classes": classes, "any_class": evaluate(all_scenes, use_cats=False),
    "groups": [evaluate(all_scenes[i:i + GROUP]) for i in range(0, SCENES, GROUP)],
    # AP and AR@100 of each scene for itself; null where nothing was found.
    "single": [s and [s[0], s[8]] for s in (evaluate([x]) for x in all_scenes)],
}, sys.stdout, separators=(",", ":"))
print()
