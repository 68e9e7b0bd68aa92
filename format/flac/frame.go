package flac

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
)

// decoder turns frames into samples.
type decoder struct {
	info
	raw     []byte
	sum     hash.Hash
	samples []float32 // interleaved
	lanes   [8][]int64
	bytes   []byte // of the samples of a frame, as the sum wants them
}

// frames reads all frames, the first of them at a place.
func (d *decoder) frames(at int) error {
	for n := 0; at < len(d.raw); n++ {
		if d.info.frames > 0 && d.done() >= d.info.frames || bytes.HasPrefix(d.raw[at:], []byte("TAG")) {
			break // what follows is an ID3v1 tag, say
		}
		next, err := d.frame(at)
		if err != nil {
			return fmt.Errorf("frame %d, at byte %d: %w", n, at, err)
		}
		at = next
	}
	switch {
	case d.info.frames > 0 && d.done() < d.info.frames:
		return fmt.Errorf("promises %d samples a channel, %d are there: the file is cut short", d.info.frames, d.done())
	case d.info.frames > 0 && d.done() > d.info.frames:
		return fmt.Errorf("promises %d samples a channel, its frames hold %d: the file is damaged", d.info.frames, d.done())
	case d.info.sum != [md5.Size]byte{} && !bytes.Equal(d.sum.Sum(nil), d.info.sum[:]):
		return errors.New("its samples do not have the sum that it names: the file is damaged")
	}
	return nil
}

// done returns how many samples a channel are read.
func (d *decoder) done() uint64 { return uint64(len(d.samples) / d.channels) }

// frameHead is what stands before the samples of a frame.
type frameHead struct {
	size   int // samples of a channel
	layout int // a number of channels less one, or one of those below
	bits   int
}

const (
	leftSide  = 8
	sideRight = 9
	midSide   = 10
)

var errCut = errors.New("the file is cut short")

// frame reads the frame at a place and returns the place of the next.
func (d *decoder) frame(at int) (next int, err error) {
	r := &reader{raw: d.raw, at: at}
	h, err := d.frameHead(r, at)
	if err != nil {
		return 0, err
	}
	if len(d.samples)+h.size*d.channels > maxSamples {
		return 0, fmt.Errorf("the file holds more than %d samples", maxSamples)
	}
	for c := range d.channels {
		width := uint(h.bits)
		if h.layout == sideRight && c == 0 || (h.layout == leftSide || h.layout == midSide) && c == 1 {
			width++ // a difference takes a bit more
		}
		if cap(d.lanes[c]) < h.size {
			d.lanes[c] = make([]int64, h.size)
		}
		d.lanes[c] = d.lanes[c][:h.size]
		if err := subframe(r, d.lanes[c], width); err != nil {
			return 0, err
		}
	}
	end := r.place()
	sum := uint16(r.read(16))
	if r.short {
		return 0, errCut
	}
	if crc16(d.raw[at:end]) != sum {
		return 0, errors.New("its checksum does not fit its bytes: the file is damaged")
	}
	unpair(h.layout, d.lanes[0], d.lanes[1])
	d.store(h)
	return end + 2, nil
}

// frameHead reads and checks a frame's head.
func (d *decoder) frameHead(r *reader, at int) (h frameHead, err error) {
	sync := r.read(15)
	r.read(1) // whether all frames have one size
	size, rate := r.read(4), r.read(4)
	h.layout = int(r.read(4))
	bits := r.read(3)
	spare := r.read(1)
	if r.short {
		return h, errCut
	}
	if sync != 0x3ffe<<1 || spare != 0 {
		return h, fmt.Errorf("starts with % x, which is no frame: the file is damaged", d.raw[at:min(at+4, len(d.raw))])
	}
	number(r)
	h.size = blockSize(r, size)
	switch rate { // the value itself is that of STREAMINFO
	case 12:
		r.read(8)
	case 13, 14:
		r.read(16)
	}
	end := r.place()
	sum := uint8(r.read(8))
	if r.short {
		return h, errCut
	}
	if crc8(d.raw[at:end]) != sum {
		return h, errors.New("its head's checksum does not fit its bytes: the file is damaged")
	}
	h.bits = [...]int{d.bits, 8, 12, -1, 16, 20, 24, 32}[bits]
	channels := h.layout + 1
	if h.layout >= leftSide {
		channels = 2
	}
	switch {
	case h.size == 0 || rate == 15 || h.layout > midSide || h.bits < 0:
		return h, errors.New("its head has a value that the format reserves")
	case channels != d.channels || h.bits != d.bits:
		return h, fmt.Errorf("has %d channels of %d bits, the file %d of %d: such a change is not read", channels, h.bits, d.channels, d.bits)
	}
	return h, nil
}

// number passes over the frame's number, coded as UTF-8 codes a character.
func number(r *reader) {
	first := byte(r.read(8))
	for mask := byte(0x40); first&0x80 != 0 && first&mask != 0 && mask > 1; mask >>= 1 {
		r.read(8)
	}
}

// blockSize returns the samples of a frame, 0 if code is reserved.
func blockSize(r *reader, code uint64) int {
	switch {
	case code == 0:
		return 0
	case code == 1:
		return 192
	case code <= 5:
		return 144 << code
	case code == 6:
		return int(r.read(8)) + 1
	case code == 7:
		return int(r.read(16)) + 1
	}
	return 1 << code
}

// unpair turns a difference and another channel into left and right.
func unpair(layout int, a, b []int64) {
	switch layout {
	case leftSide:
		for i, side := range b {
			b[i] = a[i] - side
		}
	case sideRight:
		for i, side := range a {
			a[i] = b[i] + side
		}
	case midSide:
		for i, side := range b {
			mid := a[i]<<1 | side&1
			a[i], b[i] = (mid+side)>>1, (mid-side)>>1
		}
	}
}

// store appends a frame's samples and adds them to the sum.
func (d *decoder) store(h frameHead) {
	scale := 1 / float32(uint64(1)<<(d.bits-1))
	width := (d.bits + 7) / 8
	d.bytes = d.bytes[:0]
	for i := range h.size {
		for c := range d.channels {
			v := d.lanes[c][i]
			d.samples = append(d.samples, float32(v)*scale)
			d.bytes = binary.LittleEndian.AppendUint32(d.bytes, uint32(v))
			d.bytes = d.bytes[:len(d.bytes)-4+width]
		}
	}
	d.sum.Write(d.bytes)
}
