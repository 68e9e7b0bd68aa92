"""Makes golden.json with librosa 0.11.0, numpy 2.4.6, SciPy 1.17.1 and
pyloudnorm 0.2.0. torchaudio's conventions are librosa's with other options
(htk, norm=None, pad_mode="reflect"). By hand:

    pip install librosa scipy pyloudnorm; python3 make.py
"""
import json
import librosa, numpy as np, scipy.signal
import pyloudnorm, importlib.metadata as im
print({p: im.version(p) for p in ("librosa", "numpy", "scipy", "pyloudnorm")})

rng = np.random.default_rng(3)
flat = lambda a: [float(f"{v:.7g}") for v in np.asarray(a, float).ravel()]

def speechlike(rate, seconds):
    """A gliding harmonic tone under an envelope, and soft noise; as float32."""
    t = np.arange(int(rate * seconds)) / rate
    f0 = 120 + 40 * np.sin(2 * np.pi * 1.7 * t)
    phase = 2 * np.pi * np.cumsum(f0) / rate
    x = sum(np.sin(k * phase) / k for k in range(1, 12))
    x = x * (0.3 + 0.7 * np.sin(2 * np.pi * 2.3 * t) ** 2) * 0.2 + 0.01 * rng.standard_normal(len(t))
    return x.astype(np.float32)

out = {}
x = speechlike(16000, 0.25)
x = np.float32(flat(x))
out["x"] = flat(x)
y = x.astype(np.float64)

def mel(**k):
    center = k.pop("center", True)
    S = librosa.feature.melspectrogram(y=y, sr=16000, center=center, power=2.0, **k)
    return S.T

cases = {
    "librosa": (dict(n_fft=512, hop_length=160, win_length=400, n_mels=40), {}),
    "torchaudio": (dict(n_fft=512, hop_length=160, win_length=400, n_mels=40, htk=True, norm=None, pad_mode="reflect"),
                   dict(HTK=True, Peak=True, Reflect=True)),
    "uncentred": (dict(n_fft=400, hop_length=200, win_length=400, n_mels=23, fmin=60, fmax=7000, center=False),
                  dict(FFT=400, Hop=200, Bands=23, Low=60, High=7000, NoCenter=True)),
}
out["mel"] = []
for name, (k, o) in cases.items():
    S = mel(**dict(k))
    opt = dict(Rate=16000, Window=400, Hop=160, FFT=512, Bands=40); opt.update(o)
    db = librosa.power_to_db(S.T, ref=1.0, amin=1e-10, top_db=80)
    out["mel"].append(dict(name=name, options=opt, frames=S.shape[0], log=flat(np.log(np.maximum(S, 1e-10))), decibels=flat(db.T),
                           mfcc=flat(librosa.feature.mfcc(S=db, n_mfcc=13, dct_type=2, norm="ortho").T)))

D = librosa.stft(y, n_fft=64, hop_length=16, win_length=48, window="hann", center=True, pad_mode="constant").T[:20]
out["stft"] = dict(re=flat(D.real), im=flat(D.imag))

z = speechlike(22050, 0.3)
z = np.float32(flat(z))
out["z"] = flat(z)
out["stretch"] = {str(f): flat(librosa.effects.time_stretch(z.astype(np.float64), rate=f)) for f in (0.8, 1.25)}

q = np.concatenate([np.zeros(4000), x, np.zeros(5000)]).astype(np.float32)
out["trim"] = {str(db): [int(v) for v in librosa.effects.trim(q, top_db=db)[1]] for db in (20, 60)}

# Loudness: pyloudnorm's filters after De Man 2014.
out["loudness"] = []
for rate in (44100, 48000, 8000):
    t = np.arange(rate) / rate
    w = (0.1 * np.sin(2 * np.pi * 1000 * t) + 0.1 * np.sin(2 * np.pi * 50 * t)) * np.where(t < 0.5, 1, 0.02)
    out["loudness"].append(dict(rate=rate, lufs=pyloudnorm.Meter(rate, filter_class="DeMan").integrated_loudness(w)))

# Resampling: SciPy's resample_poly with a filter much longer than ours, on a
# sound that both must pass: nothing above 0.85 of the lower rate's half.
def bandlimited(rate, top, n):
    t = np.arange(n) / rate
    return sum(0.2 * np.cos(2 * np.pi * f * t + k) for k, f in enumerate(np.linspace(50, top, 7))) * np.hanning(n)
out["resample"] = []
for a, b in ((44100, 16000), (8000, 16000), (48000, 44100), (16000, 8000)):
    n = 1500
    w = bandlimited(a, 0.42 * min(a, b), n)
    g = np.gcd(a, b); up, down = b // g, a // g
    m = max(up, down)
    h = scipy.signal.firwin(2 * 300 * m + 1, 0.95 / m, window=("kaiser", 12.0)) * up
    out["resample"].append(dict(rate=a, to=b, top=0.42 * min(a, b), n=n, y=flat(scipy.signal.resample_poly(w, up, down, window=h / up))))
json.dump(out, open("golden.json", "w"), separators=(",", ":"))
