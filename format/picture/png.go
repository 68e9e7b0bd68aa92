package picture

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image/color"
	"io"

	"github.com/klauspost/compress/zlib"
)

// pngReader reads the PNG files that people have most, 8 bits of grey, colour,
// or colour and transparency, in memory used again; image/png reads the others,
// and says what is wrong with those that are damaged.
type pngReader struct {
	zlib io.ReadCloser
	in   bytes.Reader
	idat []byte // the compressed picture
	raw  []byte // its rows, each with its filter ahead
}

// The colour types that are read here, and their bytes a pixel.
var pngChannels = map[byte]int{0: 1, 2: 3, 6: 4}

const pngHead = "\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"

// read fills to if the file is of a kind for it, and undamaged.
func (p *pngReader) read(text []byte, to *Raster, c int, background color.Color) bool {
	if len(text) < 33 || string(text[:16]) != pngHead || text[24] != 8 || text[26] != 0 || text[27] != 0 || text[28] != 0 {
		return false // 8 bits, the usual compression and filters, not interlaced
	}
	w, h := int(binary.BigEndian.Uint32(text[16:])), int(binary.BigEndian.Uint32(text[20:]))
	n, ok := pngChannels[text[25]]
	if !ok || !p.collect(text[8:]) || !p.inflate(h*(1+w*n)) {
		return false
	}
	for y := range h {
		row := p.raw[y*(1+w*n):][:1+w*n]
		var above []byte
		if y > 0 {
			above = p.raw[(y-1)*(1+w*n)+1:][:w*n]
		}
		if !unfilter(row[0], row[1:], above, n) {
			return false
		}
	}
	to.reset(h, w, c)
	p.paint(painter{to: to, on: over(background)}, n)
	return true
}

// collect joins the IDAT chunks. A chunk that changes what pixels mean, or is
// out of order, or whose check sum is wrong, is not for us.
func (p *pngReader) collect(text []byte) bool {
	p.idat = p.idat[:0]
	for at, state := 0, 0; at+12 <= len(text); {
		size := int64(binary.BigEndian.Uint32(text[at:]))
		if size > int64(len(text)-at-12) {
			return false
		}
		end := at + 8 + int(size)
		if crc32.ChecksumIEEE(text[at+4:end]) != binary.BigEndian.Uint32(text[end:]) {
			return false
		}
		switch kind := string(text[at+4 : at+8]); {
		case kind == "IHDR" && at == 0:
		case kind == "IDAT" && state < 2:
			state = 1
			p.idat = append(p.idat, text[at+8:end]...)
		case kind == "IEND" && size == 0:
			return state > 0
		case kind[0] >= 'a' && kind != "tRNS":
			if state == 1 {
				state = 2
			}
		default:
			return false
		}
		at = end + 4
	}
	return false
}

// inflate fills p.raw with n bytes, if there are exactly as many.
func (p *pngReader) inflate(n int) bool {
	p.in.Reset(p.idat)
	if p.zlib == nil {
		z, err := zlib.NewReader(&p.in)
		if err != nil {
			return false
		}
		p.zlib = z
	} else if p.zlib.(zlib.Resetter).Reset(&p.in, nil) != nil {
		return false
	}
	if cap(p.raw) < n {
		p.raw = make([]byte, n)
	}
	p.raw = p.raw[:n]
	if _, err := io.ReadFull(p.zlib, p.raw); err != nil {
		return false
	}
	var more [1]byte
	k, err := p.zlib.Read(more[:]) // checks the sum
	return k == 0 && err == io.EOF
}

// unfilter undoes a row's filter; above is the row before, nil for the first.
//
// Source: W3C, "Portable Network Graphics Specification", section 9.
func unfilter(filter byte, row, above []byte, n int) bool {
	if above == nil && filter == 2 {
		return true
	}
	switch filter {
	case 0:
	case 1:
		for i := n; i < len(row); i++ {
			row[i] += row[i-n]
		}
	case 2:
		for i, v := range above[:len(row)] {
			row[i] += v
		}
	case 3:
		average(row, above, n)
	case 4:
		if above == nil {
			return unfilter(1, row, nil, n)
		}
		paeth(row, above, n)
	default:
		return false
	}
	return true
}

func average(row, above []byte, n int) {
	if above == nil {
		for i := n; i < len(row); i++ {
			row[i] += row[i-n] / 2
		}
		return
	}
	for i := range n {
		row[i] += above[i] / 2
	}
	for i := n; i < len(row); i++ {
		row[i] += byte((int(row[i-n]) + int(above[i])) / 2)
	}
}

// paeth adds to each byte the one of its left (a), upper (b) and upper left (c)
// neighbour that is nearest to a + b − c. The channels' chains are independent,
// and each keeps its a and c at hand.
func paeth(row, above []byte, n int) {
	above = above[:len(row)]
	for k := range n {
		var a, c int
		for i := k; i < len(row); i += n {
			b := int(above[i])
			pa, pb := b-c, a-c
			pc := abs(pa + pb)
			pa, pb = abs(pa), abs(pb)
			if pb < pa {
				pa, a = pb, b
			}
			if pc < pa {
				a = c
			}
			a = (a + int(row[i])) & 255
			row[i] = byte(a)
			c = b
		}
	}
}

func abs(v int) int {
	s := v >> 63
	return (v ^ s) - s
}

// paint brings the rows to the raster's channels.
func (p *pngReader) paint(pt painter, n int) {
	to := pt.to
	for y := range to.H {
		row := p.raw[y*(1+to.W*n)+1:][:to.W*n]
		switch {
		case n == to.C:
			copy(to.Pix[y*len(row):], row)
		case n == 1:
			pt.grey(row, y)
		case n == 4:
			pt.straight(row, y)
		default:
			for x := range to.W {
				to.Pix[y*to.W+x] = luma(row[3*x], row[3*x+1], row[3*x+2])
			}
		}
	}
}
