package kernel

import "unsafe"

// window is how taps slide over images, and how the work is cut: into chunks
// of some rows of an image, or of some images.
type window struct {
	set        *tileSet
	size       int
	in         unsafe.Pointer // images [images, v.in, h.in, inC]
	images     int
	inC        int
	v, h       axis // down and across
	rowChunks  int  // of an image
	perChunk   int  // images, if rowChunks is 1
	copiedCols span // the columns of the input that taps reach
}

// plan cuts the work so that a chunk's part of the input fits the cache.
func (w *window) plan() {
	lo, hi := w.h.bounds()
	w.copiedCols = span{lo, lo + (w.h.out-1)*w.h.stride + hi - lo + 1}
	row := w.copiedCols.len() * w.inC * w.size
	image := row * ((w.v.out-1)*w.v.stride + 1)
	w.rowChunks = min(parts(image, slideBytes), w.v.out)
	w.perChunk = 1
	if w.rowChunks == 1 {
		w.perChunk = max(min(slideBytes/image, w.images/8), 1)
	}
}

func (w *window) chunks() int { return w.rowChunks * parts(w.images, w.perChunk) }

// at points s at the input of a chunk: at the images themselves, or at a copy
// with zeros around them if taps leave them.
func (w *window) at(s *scratch, chunk int) {
	i, r := chunk/w.rowChunks*w.perChunk, chunk%w.rowChunks
	s.images = span{i, min(i+w.perChunk, w.images)}
	s.rows = span{cut(w.v.out, w.rowChunks, r), cut(w.v.out, w.rowChunks, r+1)}
	lo, hi := w.v.bounds()
	rows := span{s.rows.from*w.v.stride + lo, (s.rows.to-1)*w.v.stride + hi + 1}
	cols := w.copiedCols
	pixel := w.inC * w.size
	s.imagePitch = w.v.in * w.h.in * pixel
	if rows.from >= 0 && rows.to <= w.v.in && cols.from >= 0 && cols.to <= w.h.in {
		s.pitch = w.h.in * pixel
		s.base = unsafe.Add(w.in, i*s.imagePitch+rows.from*s.pitch+cols.from*pixel)
		return
	}
	from := s.imagePitch
	s.pitch = cols.len() * pixel
	s.imagePitch = rows.len() * s.pitch
	s.base = s.a.bytes(s.images.len() * s.imagePitch)
	for n := range s.images.len() {
		src := unsafe.Add(w.in, (i+n)*from)
		for row := rows.from; row < rows.to; row++ {
			w.padRow(unsafe.Add(s.base, n*s.imagePitch+(row-rows.from)*s.pitch), src, row)
		}
	}
}

// padRow copies the columns that taps reach of one row of the image at src,
// with zeros for what lies outside.
func (w *window) padRow(dst, src unsafe.Pointer, row int) {
	pixel := w.inC * w.size
	cols := w.copiedCols
	to := unsafe.Slice((*byte)(dst), cols.len()*pixel)
	inside := span{max(cols.from, 0), min(cols.to, w.h.in)}
	if row < 0 || row >= w.v.in || inside.len() <= 0 {
		clear(to)
		return
	}
	left, right := (inside.from-cols.from)*pixel, (inside.to-cols.from)*pixel
	clear(to[:left])
	copy(to[left:right], unsafe.Slice((*byte)(unsafe.Add(src, (row*w.h.in+inside.from)*pixel)), right-left))
	clear(to[right:])
}
