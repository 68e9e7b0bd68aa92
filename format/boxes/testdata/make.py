"""One small set of pictures with boxes in three formats, and its masks.

    python3 make.py        in this folder; pycocotools 2.0.11, Pillow 13.0.0, numpy 2.4.6

golden.json has, for each of COCO's annotations in order, the mask as
pycocotools paints it (hex of packed bits, row by row) and its area. Drawn here.
"""
import json, os
import numpy as np
from PIL import Image
from pycocotools import mask as M

H, W = 30, 41
NAMES = ["cat", "dog", "red bus"]
rng = np.random.default_rng(4)
for d in ("coco/images", "coco/annotations", "voc/Annotations", "voc/JPEGImages", "yolo/images", "yolo/labels"):
    os.makedirs(d, exist_ok=True)
shapes = [  # picture, class, x1, y1, x2, y2
    (0, 0, 3, 4, 20, 25), (0, 2, 10, 2, 40, 12), (1, 1, 0, 0, 41, 30), (1, 0, 7, 8, 9, 29)]
for k, name in enumerate("ab"):
    a = np.full((H, W, 3), 255, "uint8")
    for i, c, x1, y1, x2, y2 in shapes:
        if i == k:
            a[y1:y2, x1:x2] = [40 * c + 20, 200 - 60 * c, 90]
    for d in ("coco/images", "voc/JPEGImages", "yolo/images"):
        Image.fromarray(a).quantize(8).save("%s/%s.png" % (d, name))
coco = dict(images=[dict(id=7 + k, file_name="%s.png" % n, width=W, height=H) for k, n in enumerate("ab")],
            categories=[dict(id=10 + 5 * c, name=n) for c, n in enumerate(NAMES)], annotations=[])
golden = []
for j, (i, c, x1, y1, x2, y2) in enumerate(shapes):
    ann = dict(id=100 + j, image_id=7 + i, category_id=10 + 5 * c, bbox=[x1, y1, x2 - x1, y2 - y1], iscrowd=0)
    if j == 0:
        ann["segmentation"] = [[x1, y1, x2, y1 + 3.5, x2 - 5.2, y2, x1 + 2, y2 - 4]]
    elif j == 1:
        m = np.zeros((H, W), "uint8"); m[y1:y2, x1:x2] = rng.integers(0, 2, (y2 - y1, x2 - x1))
        r = M.encode(np.asfortranarray(m)); r["counts"] = r["counts"].decode()
        ann["segmentation"] = r; ann["iscrowd"] = 1
    elif j == 2:
        m = np.zeros((H, W), "uint8"); m[y1:y2, x1:x2] = 1; m[10:20, 5:30] = 0
        flat, runs, v, n = m.T.flatten(), [], 0, 0
        for p in flat:
            if p != v:
                runs.append(n); v, n = p, 0
            n += 1
        ann["segmentation"] = dict(size=[H, W], counts=[int(q) for q in runs + [n]])
    s = ann.get("segmentation", [[x1, y1, x2, y1, x2, y2, x1, y2]])
    if isinstance(s, list):
        r = M.merge(M.frPyObjects(s, H, W))
    elif isinstance(s["counts"], list):
        r = M.frPyObjects(s, H, W)
    else:
        r = s
    m = M.decode(r)
    ann["area"] = float(M.area(r))
    golden.append(dict(mask=np.packbits(m).tobytes().hex(), area=int(m.sum())))
    coco["annotations"].append(ann)
json.dump(coco, open("coco/annotations/instances.json", "w"), indent=1)
json.dump(golden, open("golden.json", "w"), indent=1)
for k, n in enumerate("ab"):
    obj = "".join("<object><name>%s</name><difficult>%d</difficult><bndbox><xmin>%d</xmin><ymin>%d</ymin><xmax>%d</xmax><ymax>%d</ymax></bndbox></object>\n"
                  % (NAMES[c], c == 2, x1 + 1, y1 + 1, x2, y2) for i, c, x1, y1, x2, y2 in shapes if i == k)
    open("voc/Annotations/%s.xml" % n, "w").write(
        "<annotation><filename>%s.png</filename><size><width>%d</width><height>%d</height><depth>3</depth></size>\n%s</annotation>\n" % (n, W, H, obj))
    open("yolo/labels/%s.txt" % n, "w").write("".join("%d %.6f %.6f %.6f %.6f\n" % (
        c, (x1 + x2) / 2 / W, (y1 + y2) / 2 / H, (x2 - x1) / W, (y2 - y1) / H) for i, c, x1, y1, x2, y2 in shapes if i == k))
open("yolo/data.yaml", "w").write("train: images\nnc: 3\nnames:\n" + "".join("  %d: %s\n" % p for p in enumerate(NAMES)))
