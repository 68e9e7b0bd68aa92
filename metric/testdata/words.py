"""Makes words.json: word and character error rates by jiwer 4.0.0 (pip install jiwer).

	python3 words.py > words.json
"""
import json
import random

import jiwer

r = random.Random(3)
words = ["one", "two", "three", "for", "ninety nine", "größe", "日本", "a", "the"]


def line(n):
    return " ".join(r.choice(words) for _ in range(n))


def spoil(text):
    out = []
    for w in text.split():
        p = r.random()
        if p < .15:
            continue
        out.append(r.choice(words) if p < .3 else w)
        if p > .85:
            out.append(r.choice(words))
    return " ".join(out)


pairs = [("one two three", "one two three"), ("one two three", ""), ("a b c d", "d c b a"), ("kitten", "sitting"), ("one", "two three for")]
pairs += [(t, spoil(t)) for t in (line(n) for n in range(1, 30))]
each = [{"want": w, "got": g, "wer": jiwer.wer(w, g), "cer": jiwer.cer(w, g)} for w, g in pairs]
want, got = [w for w, _ in pairs], [g for _, g in pairs]
print(json.dumps({"pairs": each, "wer": jiwer.wer(want, got), "cer": jiwer.cer(want, got)}, ensure_ascii=False, indent=1))
