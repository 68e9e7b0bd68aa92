"""Small pictures in many kinds of files, and their pixels as Pillow reads them.

    python3 make.py        in this folder; Pillow 11.1.0, numpy 2.2.4 (Debian 13)

golden.json: for each file its height, width and RGB bytes (hex), upright, on
white; sixteen bits a channel lose the lower eight. All drawn here.
"""
import json, struct, zlib
import numpy as np
from PIL import Image, ImageOps

H, W = 8, 12
yy, xx = np.mgrid[0:H, 0:W]
RGB = np.stack([xx * 20 + 10, yy * 30 + 5, (xx + yy) * 12], -1).astype("uint8")
GREY = (xx * 18 + yy * 5).astype("uint8")
ALPHA = (255 - xx * 23).clip(0, 255).astype("uint8")
RGBA = np.dstack([RGB, ALPHA])
golden = {}


def png(name, depth, kind, rows, extra=b""):
    """A PNG of any depth, for Pillow writes few."""
    def chunk(n, b):
        return struct.pack(">I", len(b)) + n + b + struct.pack(">I", zlib.crc32(n + b))
    raw = b"".join(b"\0" + r for r in rows)
    with open(name, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", W, H, depth, kind, 0, 0, 0)) + extra
                + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b""))


def packed(v, depth):
    bits = ((v[..., None] >> np.arange(depth)[::-1]) & 1).astype("uint8").reshape(H, -1)
    return [np.packbits(r).tobytes() for r in bits]


def expect(name, rgb):
    golden[name] = dict(h=int(rgb.shape[0]), w=int(rgb.shape[1]), rgb=np.ascontiguousarray(rgb).astype("uint8").tobytes().hex())


def read(name):
    im = ImageOps.exif_transpose(Image.open(name))
    if im.mode in ("RGBA", "LA", "PA") or "transparency" in im.info:
        im = im.convert("RGBA")
        im = Image.alpha_composite(Image.new("RGBA", im.size, "white"), im)
    expect(name, np.asarray(im.convert("RGB")))


def save(name, im, **k):
    im.save(name, **k)
    read(name)


for d in (1, 2, 4):
    v = (xx + yy) % (1 << d)
    png("grey%d.png" % d, d, 0, packed(v, d))
    expect("grey%d.png" % d, np.repeat((v * (255 // ((1 << d) - 1)))[..., None], 3, -1))
wide = lambda a: [r.astype(">u2").tobytes() for r in a.astype("uint16") * 256 + 77]
png("grey16.png", 16, 0, wide(GREY)); expect("grey16.png", np.repeat(GREY[..., None], 3, -1))
png("rgb16.png", 16, 2, wide(RGB)); expect("rgb16.png", RGB)
png("rgba16.png", 16, 6, [r.astype(">u2").tobytes() for r in RGBA.astype("uint16") * 257])
a = RGBA[..., 3:].astype(float) / 255
expect("rgba16.png", np.floor(RGB * a + 255 * (1 - a) + 0.5))
rgb = Image.fromarray(RGB)
save("rgb.png", rgb)
save("grey.png", Image.fromarray(GREY))
save("rgba.png", Image.fromarray(RGBA))
save("la.png", Image.fromarray(np.dstack([GREY, ALPHA]), "LA"))
pal = rgb.quantize(16)
for d in (4, 8):
    save("palette%d.png" % d, pal, bits=d)
save("palette_clear.png", pal, transparency=3)
save("palette_alpha.png", pal, transparency=bytes(range(0, 256, 17)))
save("clear_colour.png", rgb, transparency=tuple(int(v) for v in RGB[2, 3]))
save("grey.jpg", Image.fromarray(GREY), quality=95)
save("rgb444.jpg", rgb, quality=95, subsampling=0)
save("progressive.jpg", rgb, quality=95, subsampling=0, progressive=True)
save("cmyk.jpg", rgb.convert("CMYK"), quality=95, subsampling=0)
save("rgb.gif", rgb)
save("clear.gif", pal, transparency=3)
save("bit.bmp", Image.fromarray(GREY > 100))
save("palette.bmp", pal)
save("rgb.bmp", rgb)
save("rgba.bmp", Image.fromarray(RGBA))
save("bit.tif", Image.fromarray(GREY > 100))
save("grey.tif", Image.fromarray(GREY))
save("rgb.tif", rgb)
save("lzw.tif", rgb, compression="tiff_lzw")
save("deflate.tif", rgb, compression="tiff_adobe_deflate")
save("packbits.tif", rgb, compression="packbits")
save("rgba.tif", Image.fromarray(RGBA))
save("palette.tif", pal)
Image.fromarray(GREY.astype("uint16") * 256 + 77).save("grey16.tif"); expect("grey16.tif", np.repeat(GREY[..., None], 3, -1))
rgb.convert("CMYK").save("cmyk.tif")
save("lossless.webp", rgb, lossless=True)
save("alpha.webp", Image.fromarray(RGBA), lossless=True)
save("lossy.webp", rgb, quality=95)
for o in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = o
    save("turned%d.jpg" % o, rgb, quality=95, subsampling=0, exif=exif)
    if o == 6:
        save("turned6.png", rgb, exif=exif)
        save("turned6.webp", rgb, lossless=True, exif=exif)
        save("turned6.tif", rgb, exif=exif)
golden["_resize"] = {}
big = np.random.default_rng(1).integers(0, 256, (23, 31, 3), "uint8")
Image.fromarray(big).save("noise.png")
for h, w in ((5, 7), (23, 31), (40, 50), (11, 62), (1, 1)):
    r = Image.fromarray(big).resize((w, h), Image.BILINEAR)
    golden["_resize"]["%dx%d" % (h, w)] = np.asarray(r).tobytes().hex()
golden["_grey"] = np.asarray(rgb.convert("L")).tobytes().hex()
with open("golden.json", "w") as f:
    json.dump(golden, f, indent=0, sort_keys=True)
    f.write("\n")
