package photo

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
)

// orientation returns how a JPEG says it must be turned, 1 (not at all) to 8;
// 1 where it does not say.
//
// Source: Exif 2.3, section 4.6.4, tag 0x0112.
func orientation(text []byte) int {
	tiff := exif(text)
	if len(tiff) < 8 {
		return 1
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if tiff[0] == 'M' {
		order = binary.BigEndian
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 1
	}
	for n := int64(order.Uint16(tiff[at:])); n > 0; n-- {
		e := at + 2 + (n-1)*12
		if e+10 > int64(len(tiff)) || order.Uint16(tiff[e:]) != 0x0112 {
			continue
		}
		if v := order.Uint16(tiff[e+8:]); v >= 1 && v <= 8 {
			return int(v)
		}
	}
	return 1
}

// exif returns the TIFF part of a JPEG's Exif segment, or nil.
func exif(text []byte) []byte {
	if !bytes.HasPrefix(text, []byte{0xff, 0xd8}) {
		return nil
	}
	for at := 2; at+4 <= len(text) && text[at] == 0xff && text[at+1] != 0xda; {
		n := int(binary.BigEndian.Uint16(text[at+2:]))
		if at+2+n > len(text) || n < 2 {
			return nil
		}
		body := text[at+4 : at+2+n]
		if text[at+1] == 0xe1 && bytes.HasPrefix(body, []byte("Exif\x00\x00")) {
			return body[6:]
		}
		at += 2 + n
	}
	return nil
}

// upright turns img as orientation o says.
func upright(img image.Image, o int) image.Image {
	if o <= 1 {
		return img
	}
	return turned{img, o}
}

// turned is an image seen in another orientation.
type turned struct {
	image.Image
	o int
}

func (t turned) Bounds() image.Rectangle {
	b := t.Image.Bounds()
	if t.o >= 5 {
		return image.Rect(0, 0, b.Dy(), b.Dx())
	}
	return image.Rect(0, 0, b.Dx(), b.Dy())
}

func (t turned) At(x, y int) color.Color {
	b := t.Image.Bounds()
	if t.o >= 5 {
		x, y = y, x
	}
	if t.o == 2 || t.o == 3 || t.o == 7 || t.o == 8 {
		x = b.Dx() - 1 - x
	}
	if t.o == 3 || t.o == 4 || t.o == 6 || t.o == 7 {
		y = b.Dy() - 1 - y
	}
	return t.Image.At(b.Min.X+x, b.Min.Y+y)
}
