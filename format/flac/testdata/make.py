"""Writes small FLAC files with libFLAC 1.4.2 and golden.json, the samples that
went into them: FLAC loses nothing. By hand:

    apt-get install flac; pip install numpy; python3 make.py
"""
import ctypes, json
import numpy as np

lib = ctypes.CDLL("libFLAC.so.12")
P, B = ctypes.c_void_p, ctypes.c_uint32
for name, res in [("new", P), ("init_file", ctypes.c_int), ("process_interleaved", ctypes.c_int), ("finish", ctypes.c_int)]:
    getattr(lib, "FLAC__stream_encoder_" + name).restype = res
call = lambda name, *a: getattr(lib, "FLAC__stream_encoder_" + name)(*a)

def encode(path, x, rate, bits, level, block, total=True, subset=False):
    e = P(call("new"))
    for name, v in [("channels", x.shape[1]), ("bits_per_sample", bits), ("sample_rate", rate), ("compression_level", level),
                    ("blocksize", block), ("streamable_subset", int(subset))]:
        assert call("set_" + name, e, B(v)), name
    if total:
        call("set_total_samples_estimate", e, ctypes.c_uint64(len(x)))
    assert call("init_file", e, path.encode(), None, None) == 0, path
    raw = np.ascontiguousarray(x, "<i4")
    assert call("process_interleaved", e, raw.ctypes.data_as(P), B(len(x)))
    assert call("finish", e)
    call("delete", e)

rng = np.random.default_rng(7)

def walk(n, channels, bits):
    top = 2 ** (bits - 1)
    x = np.cumsum(rng.normal(0, 0.03, (n, channels)), 0) + 0.4 * np.sin(np.arange(n) / 9)[:, None]
    if channels == 2:
        x[:, 1] = x[:, 0] + rng.normal(0, 0.001, n)
    return np.clip(np.round(x * top), -top, top - 1).astype(np.int64)

golden = {}
def keep(name, x, rate, bits, level, block, **more):
    encode(name + ".flac", x, rate, bits, level, block, **more)
    golden[name + ".flac"] = {"rate": rate, "channels": x.shape[1], "bits": bits, "samples": x.ravel().tolist()}

for bits in (4, 8, 12, 14, 16, 20, 24, 32):
    keep(f"bits{bits}", walk(150, 2, bits), 16000, bits, 8, 64)
for channels in (1, 3, 5, 8):
    keep(f"channels{channels}", walk(70, channels, 16), 48000, 16, 5, 32)
for level in (0, 1, 2, 3, 8):
    keep(f"level{level}", walk(300, 2, 16), 44100, 16, level, 192)
for rate in (1, 8000, 22050, 65535, 655350, 96000, 123457):
    keep(f"rate{rate}", walk(20, 1, 16), rate, 16, 5, 16)
keep("silence", np.zeros((400, 1), int), 8000, 16, 5, 256)
keep("noise", rng.integers(-2**15, 2**15, (200, 2)), 8000, 16, 8, 128)
keep("loud", np.where(rng.random((200, 2)) < 0.5, -2**31, 2**31 - 1), 8000, 32, 8, 64)
keep("wasted", walk(200, 2, 12) * 16, 8000, 16, 8, 100)
keep("large", walk(5000, 1, 8), 8000, 8, 8, 4608)
json.dump(golden, open("golden.json", "w"), separators=(",", ":"))
