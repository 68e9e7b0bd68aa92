"""Writes small WAV files with SoX 14.4.2 and libsndfile 1.2.2 (soundfile 0.14.0)
and golden.json: what libsndfile reads from each, as float32. By hand:

    apt-get install sox; pip install soundfile numpy; python3 make.py
"""
import json, subprocess
import numpy as np, soundfile as sf

rng = np.random.default_rng(5)

def sound(channels, n=23):
    x = rng.uniform(-1, 1, (n, channels))
    x[0], x[1], x[2] = -1, 1, 0
    x[3:8] *= 1e-3
    return x

names = []
def keep(name):
    names.append(name)

for subtype, channels, rate in [
    ("PCM_U8", 1, 8000), ("PCM_16", 2, 44100), ("PCM_24", 1, 48000), ("PCM_32", 3, 96000),
    ("FLOAT", 2, 16000), ("DOUBLE", 1, 11025), ("ALAW", 1, 8000), ("ULAW", 2, 8000),
]:
    for form in ("WAV", "WAVEX", "RF64"):
        name = f"{subtype.lower()}_{form.lower()}.wav"
        sf.write(name, sound(channels), rate, subtype=subtype, format=form)
        keep(name)
sf.write("pcm_24_rifx.wav", sound(2), 22050, subtype="PCM_24", endian="BIG", format="WAV"); keep("pcm_24_rifx.wav")
sf.write("float_rifx.wav", sound(1), 22050, subtype="FLOAT", endian="BIG", format="WAV"); keep("float_rifx.wav")

raw = (sound(1, 31) * 32767).astype("<i2").tobytes()
for name, args in {
    "sox_u8.wav": "-b 8 -e unsigned", "sox_16.wav": "-b 16", "sox_24.wav": "-b 24", "sox_32.wav": "-b 32 -e signed",
    "sox_float.wav": "-b 32 -e float", "sox_alaw.wav": "-e a-law", "sox_mulaw.wav": "-e u-law",
}.items():
    subprocess.run(["sox", "-D", "-t", "raw", "-r", "7000", "-e", "signed", "-b", "16", "-c", "1", "-", *args.split(), name],
                   input=raw, check=True)
    keep(name)
with open("sox_pipe.wav", "wb") as f:  # a size that was not known
    subprocess.run(["sox", "-D", "-t", "raw", "-r", "7000", "-e", "signed", "-b", "16", "-c", "1", "-", "-t", "wav", "-"],
                   input=raw, stdout=f, check=True)

golden = {}
for name in names:
    x, rate = sf.read(name, dtype="float32", always_2d=True)
    golden[name] = {"rate": rate, "channels": x.shape[1], "samples": [float(v) for v in x.ravel()]}
golden["sox_pipe.wav"] = golden["sox_16.wav"]
json.dump(golden, open("golden.json", "w"), separators=(",", ":"))

# Every 16-bit value as A-law and µ-law, by Python 3.11's audioop: the sums
# stand in wav_test.go.
import audioop, hashlib
every = np.arange(-32768, 32768).astype("<i2").tobytes()
print("A-law", hashlib.sha256(audioop.lin2alaw(every, 2)).hexdigest())
print("µ-law", hashlib.sha256(audioop.lin2ulaw(every, 2)).hexdigest())
