"""Compose a folder of pictures to detect and to segment things in.

    python3 emoji.py FONT OUT [PICTURES] [SEED]

Emoji of the font (Noto Color Emoji: apt install fonts-noto-color-emoji, SIL
Open Font License 1.1) are turned, scaled and pasted onto textures like those
of photographs: cuts of the two photographs that scikit-learn brings along
(china.jpg by danielbuechele, flower.jpg by vultilion, CC BY 2.0), and coloured
noise whose spectrum falls as that of photographs does. No picture leaves this
folder for the tree; only this script is kept.

OUT gets, as users have it:

    images/0000.jpg ...   JPEG, 200 to 480 pixels a side, of many forms
    annotations.json      COCO: boxes, run lengths of what is visible, classes
    masks/0000.png ...    grey: 0 the background, 1 + the class's place
    classes.txt           names of the masks' labels: background, ball, ...

Needs Pillow, NumPy and scikit-learn. The same seed makes the same files.
"""

import json
import os
import sys

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageDraw, ImageFont
from sklearn.datasets import load_sample_images

CLASSES = {
    "ball": "⚽🏀🎾",
    "car": "🚗🚕🚙",
    "cat": "🐱😺🐈",
    "dog": "🐶🐕🐩",
    "fish": "🐟🐠🐡",
    "flower": "🌻🌼🌸",
    "fruit": "🍎🍊🍐",
    "tree": "🌳🌲🌴",
}
VISIBLE = 0.7


def glyphs(font):
    """Return each class's pictures, cut to what is opaque."""
    face = ImageFont.truetype(font, 109)  # the one size of the font's bitmaps
    all = {}
    for name, letters in CLASSES.items():
        for letter in letters:
            image = Image.new("RGBA", (160, 160))
            ImageDraw.Draw(image).text((8, 8), letter, font=face, embedded_color=True)
            all.setdefault(name, []).append(image.crop(image.getbbox()))
    return all


def noise(rng, h, w):
    """Return noise whose amplitude falls as 1/f, in three related colours."""
    fy, fx = np.fft.fftfreq(h)[:, None], np.fft.fftfreq(w)[None]
    fall = 1 / np.maximum(np.hypot(fy, fx), 1 / max(h, w)) ** rng.uniform(0.9, 1.4)
    layers = []
    for _ in range(3):
        v = np.fft.ifft2(np.fft.fft2(rng.standard_normal((h, w))) * fall).real
        layers.append((v - v.mean()) / v.std())
    mix = rng.normal(0, 1, (3, 3)) * [1, 0.5, 0.3]
    out = rng.uniform(60, 190, 3) + 38 * np.stack(layers, -1) @ (mix.T / np.linalg.norm(mix, axis=1))
    return Image.fromarray(np.clip(out, 0, 255).astype(np.uint8))


def texture(rng, photos, h, w):
    """Return a background."""
    if rng.random() < 0.4:
        return noise(rng, h, w)
    photo = photos[rng.integers(len(photos))]
    scale = rng.uniform(max(h / photo.height, w / photo.width) * 1.05, 2.5)
    cw, ch = min(int(w / scale), photo.width), min(int(h / scale), photo.height)
    x, y = rng.integers(photo.width - cw + 1), rng.integers(photo.height - ch + 1)
    cut = photo.crop((x, y, x + cw, y + ch)).resize((w, h), Image.BICUBIC)
    return cut.transpose(Image.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else cut


def compose(rng, photos, all):
    """Return a picture, and for each thing in it its class and which pixels show it."""
    h, w = int(rng.integers(200, 481)), int(rng.integers(200, 481))
    image, owner, placed = texture(rng, photos, h, w).convert("RGB"), np.full((h, w), -1), []
    for _ in range(int(rng.integers(1, 6))):
        name = list(all)[rng.integers(len(all))]
        one = all[name][rng.integers(len(all[name]))]
        size = min(h, w) * 0.16 * 2.8 ** rng.random() / max(one.size)
        one = one.resize((max(8, int(one.width * size)), max(8, int(one.height * size))), Image.LANCZOS)
        if rng.random() < 0.5:
            one = one.transpose(Image.FLIP_LEFT_RIGHT)
        one = one.rotate(rng.uniform(-25, 25), Image.BICUBIC, expand=True)
        one = one.crop(one.getbbox())
        solid = np.asarray(one)[..., 3] >= 128
        for _ in range(30):
            x, y = (int(rng.integers(-s // 5, t - s + s // 5)) for s, t in ((one.width, w), (one.height, h)))
            trial = owner.copy()
            x1, y1, x2, y2 = max(x, 0), max(y, 0), min(x + one.width, w), min(y + one.height, h)
            trial[y1:y2, x1:x2][solid[y1 - y : y2 - y, x1 - x : x2 - x]] = len(placed)
            whole = [p[1] for p in placed] + [solid.sum()]
            if shown(trial, whole):
                owner = trial
                placed.append((name, solid.sum()))
                one = Image.merge("RGBA", (*ImageEnhance.Brightness(one.convert("RGB")).enhance(rng.uniform(0.6, 1.15)).split(), one.split()[3]))
                image.paste(one, (x, y), one)
                break
    if rng.random() < 0.4:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.0)))
    return image, [(name, owner == k) for k, (name, _) in enumerate(placed)]


def shown(owner, whole):
    return all((owner == k).sum() >= VISIBLE * n for k, n in enumerate(whole))


def run_lengths(mask):
    """Return COCO's run lengths: columns from the left, the first run is of nothing."""
    flat = mask.T.ravel()
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
    return [0] + counts if flat[0] else counts


def main(font, out, pictures=300, seed=1):
    rng, names = np.random.default_rng(int(seed)), list(CLASSES)
    photos, all = [Image.fromarray(i) for i in load_sample_images().images], glyphs(font)
    for part in ("images", "masks"):
        os.makedirs(os.path.join(out, part), exist_ok=True)
    coco = {"info": {"description": "emoji on textures"}, "images": [], "annotations": [],
            "categories": [{"id": i + 1, "name": n} for i, n in enumerate(names)]}
    for i in range(int(pictures)):
        image, things = compose(rng, photos, all)
        image.save(os.path.join(out, "images", f"{i:04}.jpg"), quality=int(rng.integers(75, 96)))
        coco["images"].append({"id": i + 1, "file_name": f"{i:04}.jpg", "width": image.width, "height": image.height})
        labels = np.zeros((image.height, image.width), np.uint8)
        for name, mask in things:
            labels[mask] = 1 + names.index(name)
            ys, xs = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
            coco["annotations"].append({
                "id": len(coco["annotations"]) + 1, "image_id": i + 1, "category_id": 1 + names.index(name), "iscrowd": 0,
                "area": int(mask.sum()), "bbox": [int(xs[0]), int(ys[0]), int(xs[-1] - xs[0] + 1), int(ys[-1] - ys[0] + 1)],
                "segmentation": {"size": [image.height, image.width], "counts": run_lengths(mask)}})
        Image.fromarray(labels).save(os.path.join(out, "masks", f"{i:04}.png"))
    with open(os.path.join(out, "annotations.json"), "w") as f:
        json.dump(coco, f)
    with open(os.path.join(out, "classes.txt"), "w") as f:
        f.write("\n".join(["background"] + names) + "\n")
    print(len(coco["images"]), "pictures,", len(coco["annotations"]), "things")


if __name__ == "__main__":
    main(*sys.argv[1:])
