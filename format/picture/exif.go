package picture

import (
	"bytes"
	"encoding/binary"
)

// orientation returns how a file says its picture must be turned, 1 (not at
// all) to 8; 1 where it does not say.
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

// exif returns the part of a file that is a TIFF directory, or nil.
func exif(text []byte) []byte {
	switch {
	case bytes.HasPrefix(text, []byte{0xff, 0xd8}):
		return jpegExif(text)
	case bytes.HasPrefix(text, []byte("\x89PNG\r\n\x1a\n")):
		return chunk(text, 8, "eXIf", binary.BigEndian, 0)
	case len(text) > 12 && string(text[:4]) == "RIFF" && string(text[8:12]) == "WEBP":
		return bytes.TrimPrefix(chunk(text, 12, "EXIF", binary.LittleEndian, 1), []byte("Exif\x00\x00"))
	case bytes.HasPrefix(text, []byte("II*\x00")), bytes.HasPrefix(text, []byte("MM\x00*")):
		return text
	}
	return nil
}

// jpegExif finds the segment APP1 that holds Exif, ahead of the pixels.
func jpegExif(text []byte) []byte {
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

// chunk finds a chunk by name: PNG's have size, name, body and a check sum;
// RIFF's (kind 1) name, size, and a body of even length.
func chunk(text []byte, at int, name string, order binary.ByteOrder, riff int) []byte {
	for at+8 <= len(text) {
		n := int64(order.Uint32(text[at+4*riff:]))
		is := string(text[at+4-4*riff:][:4])
		from := int64(at) + 8
		if from+n > int64(len(text)) {
			return nil
		}
		if is == name {
			return text[from : from+n]
		}
		skip := n + 4 // PNG's check sum
		if riff == 1 {
			skip = n + n%2
		}
		at = int(from + skip)
	}
	return nil
}
