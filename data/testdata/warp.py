"""What Picture.Warp, Resize and Crop make of a small picture, elsewhere: warp.json.

    python3 warp.py        in this folder; scipy 1.15.3, torch 2.6.0, numpy 2.2.4 (Debian 13)

The picture is (i * 37 % 101) / 100 for i over 7×9×2 values.
"""
import json
import numpy as np, torch
from scipy import ndimage

H, W, C = 7, 9, 2
x = (np.arange(H * W * C) * 37 % 101 / 100).reshape(H, W, C)
out = {"warp": [], "resize": []}
for yy, yx, xy, xx, dy, dx in ((1, 0, 0, 1, 0, 0), (1, 0, 0, 1, 1.5, -2.25), (.8, .6, -.6, .8, 0, 0), (.5, 0, 0, .7, .3, .4), (1.1, .2, -.3, .9, -1, 2)):
    m = np.array([[yy, yx], [xy, xx]])
    c = np.array([(H - 1) / 2, (W - 1) / 2])
    # old = c + m (new − c − d)
    y = np.stack([ndimage.affine_transform(x[..., k], m, offset=c - m @ (c + np.array([dy, dx])), order=1, mode="nearest") for k in range(C)], -1)
    out["warp"].append(dict(map=[yy, yx, xy, xx, dy, dx], y=y.reshape(-1).round(6).tolist()))
t = torch.tensor(x).permute(2, 0, 1)[None]
for h, w in ((3, 4), (7, 9), (14, 18), (5, 30), (1, 1)):
    y = torch.nn.functional.interpolate(t, (h, w), mode="bilinear", antialias=True)[0].permute(1, 2, 0)
    out["resize"].append(dict(h=h, w=w, y=y.reshape(-1).numpy().round(6).tolist()))
json.dump(out, open("warp.json", "w"))
