#!/usr/bin/env python3
"""Makes train, validate and test (.flac and .tsv) of package spoken.

    python3 make/make.py TOOLS OUT

Speech comes from synthesisers that others wrote, and, for the test alone, from
people. What made the committed files, on Debian 12:

    espeak-ng 1.51+dfsg-10+deb12u2     apt
    festival 1:2.5.0-9, festvox-kdlpc16k 1.4.0-6.1  apt; the voice ked
    RHVoice 1.19.2                     TOOLS/rh: src/core (but for package_client), src/hts_engine
                                       (but for HTS_audio), src/test/test.cpp and of src/audio the
                                       part that writes files, of github.com/RHVoice/RHVoice e830be7
                                       by g++ -std=c++17, without sonic and packages; its data are
                                       RHVoice/English, bdl-eng, clb-eng and ksp-eng
    SVOX Pico                          TOOLS/picosay: pico.c beside, with pico/lib of
                                       github.com/naggety/picotts 21089d2, by gcc -m32; its
                                       lingware in TOOLS/lang
    GnuSpeech                          TOOLS/gnuspeech: npm @echogarden/gnuspeech-wasm 0.3.0
    flite 2.2-5                        apt; for the test alone
    Free Spoken Digit Dataset          TOOLS/fsdd: recordings of
                                       github.com/Jakobovski/free-spoken-digit-dataset 26eb9aa
    sox 14.4.2+git20190427-3.5, flac 1.4.2+ds-2    apt

GnuSpeech draws its intonation at random: made again, its clips differ a little.
flite's voices kal and slt are of the same speakers as festival's kal and slt,
which is why these two train nothing here. Everything below was fixed before a
network was trained on it.
"""
import array, json, os, random, subprocess, sys, tempfile

DIGITS = "zero one two three four five six seven eight nine".split()
COMMANDS = "yes no up down left right on off stop go".split()
WORDS = DIGITS + COMMANDS

# English as a voice of another language reads it: an accent.
SPELT = {
    "de-DE": "siero uan tu srie fohr faif siks sewen eht nain jes nou ap daun left rait onn off sstopp gou",
    "fr-FR": "zirau ouanne tou sri for faïve siks sévène eïtte naïne iesse nau eupe daoune lefte raïte onne offe stoppe gau",
    "es-ES": "sirou huan tu zri for faiv sics seven eit nain ies nou ap daun left rait on of stop gou",
}
PICO = {"en-US": "lh0", "en-GB": "kh0", "de-DE": "gl0", "fr-FR": "nk0", "es-ES": "zl0"}

# Voices: a name, the synthesiser, its settings.
ESPEAK = [  # voice+variant, words a minute, pitch
    ("en-us+m3", 150, 40), ("en-us+f2", 165, 60), ("en-gb", 140, 50), ("en-gb-scotland+m7", 170, 35), ("en-gb-x-rp+f4", 130, 55),
    ("en-029+m2", 155, 45), ("en-gb-x-gbclan+f3", 180, 50), ("en-gb-x-gbcwmd+m5", 145, 30), ("en-us-nyc+m6", 160, 55), ("en-us+klatt", 150, 45),
    ("en-gb+klatt4", 170, 60), ("en-us+klatt6", 135, 35), ("en-us+Alicia", 160, 50), ("en-gb+Andrea", 145, 45), ("en-us+Diogo", 175, 50),
    ("en-us+steph", 150, 55), ("en-us+Gene", 140, 40), ("en-us+Michael", 165, 50), ("en-gb+belinda", 155, 50), ("en-us+whisper", 150, 50),
    ("en-us+f5", 185, 65), ("en-029+grandma", 150, 60),
]
ESPEAK_HELD = [("en-gb-x-rp+m8", 150, 50), ("en-us+Annie", 165, 55), ("en-029+f1", 150, 50), ("en-us+klatt2", 160, 50)]


def renditions():
    """Yields (split, name, function of a list of texts to a list of sounds)."""
    for split, all in (("train", ESPEAK), ("validate", ESPEAK_HELD)):
        for voice, rate, pitch in all:
            yield split, "espeak-ng " + voice, lambda texts, a=(voice, rate, pitch): [espeak(t, *a) for t in texts]
    for split, voice, all in (("train", "bdl", [(80, 100), (105, 85), (125, 125)]), ("train", "clb", [(80, 100), (105, 120), (125, 80)]),
                              ("validate", "ksp", [(100, 100)])):
        for rate, pitch in all:
            yield split, f"rhvoice {voice} {rate}/{pitch}", lambda texts, a=(voice, rate, pitch): [rhvoice(t, *a) for t in texts]
    for split, lang, all in (("train", "en-US", [(85, 100), (105, 85), (130, 115)]), ("train", "en-GB", [(85, 100), (105, 115), (130, 85)]),
                             ("train", "de-DE", [(95, 100)]), ("train", "fr-FR", [(95, 100)]), ("validate", "es-ES", [(95, 90)])):
        for speed, pitch in all:
            yield split, f"pico {lang} {speed}/{pitch}", lambda texts, a=(lang, speed, pitch): [pico(t, *a) for t in texts]
    for stretch, pitch in ((1.2, 1), (1.0, 1.2), (0.85, 0.85)):
        yield "train", f"festival ked {stretch}", lambda texts, a=(stretch, pitch): festival(texts, *a)
    for split, voice, tempo, tract in (("train", "male", 0.9, 17.5), ("train", "male", 1.1, 19), ("train", "large_child", 1.0, 12.5), ("validate", "female", 0.9, 15)):
        yield split, f"gnuspeech {voice} {tract}", lambda texts, a=(voice, tempo, tract): gnuspeech(texts, *a)


def sound(args, data=None, raw=None):
    """Runs a program that writes sound to standard output, or to a file called
    {} among its arguments, and returns it at 8 kHz."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as f:
        out = subprocess.run([f.name if a == "{}" else a for a in args], input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
        return resample(f.name) if "{}" in args else resample("-", out, raw or ["-t", "wav"])


def resample(name, data=None, kind=()):
    out = subprocess.run(["sox", "-D", *kind, name, "-t", "raw", "-r", "8000", "-c", "1", "-b", "16", "-e", "signed", "-"], input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
    return array.array("h", out)


def espeak(text, voice, rate, pitch):
    return sound(["espeak-ng", "-v", voice, "-s", str(rate), "-p", str(pitch), "-w", "{}", text])


def rhvoice(text, voice, rate, pitch):
    return sound([TOOLS + "/rh", "-p", voice, "-r", str(rate), "-t", str(pitch), "-o", "{}"], data=text.encode())


def pico(text, lang, speed, pitch):
    spelt = dict(zip(WORDS, SPELT[lang].split())) if lang in SPELT else {}
    text = " ".join(spelt.get(w, w) for w in text.split())
    base = f"{TOOLS}/lang/{lang}"
    return sound([TOOLS + "/picosay", base, f"{base}_{PICO[lang]}", f'<speed level="{speed}"><pitch level="{pitch}">{text}.</pitch></speed>'],
                 raw=["-t", "raw", "-r", "16000", "-c", "1", "-b", "16", "-e", "signed"])


def festival(texts, stretch, pitch):
    with tempfile.TemporaryDirectory() as d:
        with open(d + "/a.scm", "w") as f:
            f.write(f"(voice_ked_diphone)\n(Parameter.set 'Duration_Stretch {stretch})\n(set! int_lr_params '((target_f0_mean {105 * pitch}) (target_f0_std {14 * pitch}) (model_f0_mean 170) (model_f0_std 34)))\n")
            for i, t in enumerate(texts):
                f.write(f'(utt.save.wave (utt.synth (Utterance Text "{t}")) "{d}/{i}.wav")\n')
        subprocess.run(["festival", "-b", d + "/a.scm"], check=True, stderr=subprocess.DEVNULL)
        return [resample(f"{d}/{i}.wav") for i in range(len(texts))]


def gnuspeech(texts, voice, tempo, tract):
    with tempfile.TemporaryDirectory() as d:
        jobs = [{"text": t, "voice": voice, "tempo": tempo, "tract": tract, "file": f"{d}/{i}.wav"} for i, t in enumerate(texts)]
        with open(d + "/jobs.json", "w") as f:
            json.dump(jobs, f)
        subprocess.run(["node", os.path.dirname(os.path.abspath(__file__)) + "/gnuspeech.mjs", TOOLS + "/gnuspeech", d + "/jobs.json"], check=True, stdout=subprocess.DEVNULL)
        return [resample(j["file"]) for j in jobs]


def flite(text, voice, stretch):
    return sound(["flite", "--setf", f"duration_stretch={stretch}", "-voice", voice, "-t", text, "-o", "{}"])


def tidy(s):
    """Cuts silence off, 40 dB below the loudest 10 ms, leaving 30 ms; scales to
    a peak of 0.75; leaves 8 bits, which pack to half the size."""
    power = [sum(v * v for v in s[i:i + 80]) for i in range(0, len(s), 80)]
    loud = [i for i, p in enumerate(power) if p > 1e-4 * max(power)]
    if not loud or max(power) == 0:
        raise SystemExit("a synthesiser made silence")
    s = s[max(0, loud[0] - 3) * 80:(loud[-1] + 4) * 80]
    scale = 0.75 * 32768 / max(abs(v) for v in s) / 256
    return array.array("h", [max(-128, min(127, round(v * scale))) * 256 for v in s])


def digit_strings(name):
    """Two strings that together have each digit once."""
    r = random.Random(name)
    order = r.sample(DIGITS, 10)
    cut = r.randint(3, 7)
    return [" ".join(order[:cut]), " ".join(order[cut:])]


def test_strings(voice):
    """Fifteen strings of 1 to 7 digits, each with its tempo."""
    r = random.Random("test " + voice)
    return [(" ".join(r.choice(DIGITS) for _ in range(1 + i % 7)), [0.85, 1.0, 1.2][i % 3]) for i in range(15)]


def clips():
    """Yields (split, voice, text, sound)."""
    for split, name, say in renditions():
        texts = WORDS + digit_strings(name)
        for t, s in zip(texts, say(texts)):
            yield split, name, t, s
    for voice in ("kal", "awb", "rms", "slt"):
        for stretch in (0.9, 1.2):
            for w in WORDS:
                yield "test", f"flite {voice}", w, flite(w, voice, stretch)
        for text, stretch in test_strings(voice):
            yield "test", f"flite {voice} string", text, flite(text, voice, stretch)
    for who in ("george", "jackson", "lucas", "nicolas", "theo", "yweweler"):
        for d, w in enumerate(DIGITS):
            for take in range(3):
                yield "test", f"human {who}", w, resample(f"{TOOLS}/fsdd/{d}_{who}_{take}.wav")


def main():
    files = {s: (array.array("h"), []) for s in ("train", "validate", "test")}
    for split, voice, text, s in clips():
        s = tidy(s)
        files[split][0].extend(s)
        files[split][1].append(f"{voice}\t{text}\t{len(s)}\n")
    for split, (samples, lines) in files.items():
        with open(f"{OUT}/{split}.tsv", "w") as f:
            f.writelines(lines)
        subprocess.run(["flac", "-s", "-f", "-8", "--no-padding", "--no-seektable", "--force-raw-format", "--endian=little", "--sign=signed", "--channels=1", "--bps=16", "--sample-rate=8000", "-o", f"{OUT}/{split}.flac", "-"], input=samples.tobytes(), check=True)
        print(split, len(lines), "clips,", len(samples) // 8000, "s,", os.path.getsize(f"{OUT}/{split}.flac"), "bytes")


if __name__ == "__main__":
    TOOLS, OUT = sys.argv[1:]
    main()
