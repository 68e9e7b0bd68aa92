"""Makes moby-dick.txt.bz2 from the Debian package r-cran-tokenizers 0.3.0-1,
which has Project Gutenberg's text 2701 as a data set, by hand:

    apt-get download r-cran-tokenizers && dpkg-deb -x r-cran-tokenizers_*.deb tree && python3 cut.py tree

Project Gutenberg's own words before and after the book are left out, and the
transcriber's; the book stays as it is, its line ends LF.
"""
import bz2, re, struct, sys, zlib

raw = open(sys.argv[1] + "/usr/lib/R/site-library/tokenizers/data/Rdata.rdb", "rb").read()
data = zlib.decompress(raw[4:])  # R's lazy-load database: a length, then zlib
at = data.index(b"\xef\xbb\xbf")  # the text begins with a byte order mark, its length before it
size = struct.unpack(">I", data[at - 4 : at])[0]
text = data[at + 3 : at + size].decode("utf-8").replace("\r\n", "\n")
start = re.search(r"\*\*\* START OF THIS PROJECT GUTENBERG EBOOK .*? \*\*\*\n", text).end()
end = re.search(r"\n+(End of Project Gutenberg|\*\*\* END OF THIS PROJECT GUTENBERG)", text).start()
book = text[start:end]
book = book[book.index("MOBY DICK; OR THE WHALE") :].rstrip("\n") + "\n"
book = re.sub(r"Original Transcriber's Notes:.*?\n\n\n\n\n", "", book, flags=re.S)
out = book.encode()
open("moby-dick.txt.bz2", "wb").write(bz2.compress(out, 9))
print(len(out), "bytes,", len(book), "characters,", len(set(book)), "different")
