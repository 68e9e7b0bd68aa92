"""Makes golden.json: merges by a plain BPE written after Sennrich et al. 2016,
and pieces and codes by Hugging Face's tokenizers 0.23.3. By hand:

    pip install tokenizers; python3 make.py
"""
import collections, json
from tokenizers import Tokenizer, models, pre_tokenizers

sample = open("sample.txt", encoding="utf-8", newline="").read()

# GPT-2's letters for bytes.
keep = [*range(33, 127), *range(161, 173), *range(174, 256)]
letters, extra = {}, 0
for b in range(256):
    if b in keep:
        letters[b] = chr(b)
    else:
        letters[b] = chr(256 + extra); extra += 1
back = {v: k for k, v in letters.items()}

split = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
def pieces(text):
    return [bytes(back[c] for c in p) for p, _ in split.pre_tokenize_str(text)]

def train(text, n):
    words = collections.Counter(pieces(text))
    words = {w: [c, list(w)] for w, c in words.items()}
    merges, tokens = [], 256
    while len(merges) < n:
        stats = collections.Counter()
        for c, ids in words.values():
            for p in zip(ids, ids[1:]):
                stats[p] += c
        if not stats: break
        top = max(stats.values())
        if top < 2: break
        a, b = min(p for p, c in stats.items() if c == top)
        merges.append([a, b])
        for w in words.values():
            ids, out, i = w[1], [], 0
            while i < len(ids):
                if ids[i:i + 2] == [a, b]: out.append(tokens); i += 2
                else: out.append(ids[i]); i += 1
            w[1] = out
        tokens += 1
    return merges

merges = train(sample, 400)
tokens = [bytes([b]) for b in range(256)]
for a, b in merges:
    tokens.append(tokens[a] + tokens[b])
show = lambda t: "".join(letters[b] for b in t)
hf = Tokenizer(models.BPE(vocab={show(t): i for i, t in enumerate(tokens)}, merges=[(show(tokens[a]), show(tokens[b])) for a, b in merges]))
hf.pre_tokenizer = split

texts = ["", "a", " ", "Call me Ishmael. Some years ago--never mind how long precisely--", "it's  don't we'll\t\n\n  I'M 'tis 's ' 123 4th",
         "  leading, trailing  ", "naïve café — “quoted” …", "Ελλάδα, 中文分词, हिन्दी, العربية, עברית", "x" * 100 + " " * 70 + "the" * 60,
         "tab\tand\r\nline\u00a0nbsp\u3000wide\u2028sep", "½ ² ٣ Ⅷ 1.5e-3", "👩‍👩‍👧‍👦🏳️‍🌈", sample[:2000]]
json.dump(dict(merges=merges, texts=[dict(text=t, pieces=[p.hex() for p in pieces(t)], ids=hf.encode(t).ids) for t in texts]),
          open("golden.json", "w"), separators=(",", ":"))
