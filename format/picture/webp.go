package picture

import "image"

// studio returns a lossy WebP's picture with the colours that its format
// means: brightness runs from 16 to 235, where image.YCbCr takes it to run
// from 0 to 255 and shows the picture pale.
//
// Source: RFC 6386, section 9.2; ITU-R BT.601.
func studio(img image.Image) image.Image {
	switch m := img.(type) {
	case *image.YCbCr:
		return studioOf(m, nil, 0)
	case *image.NYCbCrA:
		return studioOf(&m.YCbCr, m.A, m.AStride)
	}
	return img
}

func studioOf(m *image.YCbCr, alpha []uint8, stride int) *image.NRGBA {
	out := image.NewNRGBA(image.Rect(0, 0, m.Rect.Dx(), m.Rect.Dy()))
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			i, j := m.YOffset(m.Rect.Min.X+x, m.Rect.Min.Y+y), m.COffset(m.Rect.Min.X+x, m.Rect.Min.Y+y)
			p := out.Pix[y*out.Stride+4*x:][:4:4]
			luma := 76309 * (int(m.Y[i]) - 16) // 16 bits behind the point: 255/219
			cb, cr := int(m.Cb[j])-128, int(m.Cr[j])-128
			p[0] = byteOf16(luma + 104597*cr)
			p[1] = byteOf16(luma - 25675*cb - 53279*cr)
			p[2] = byteOf16(luma + 132201*cb)
			p[3] = 255
			if alpha != nil {
				p[3] = alpha[y*stride+x]
			}
		}
	}
	return out
}

func byteOf16(v int) uint8 { return uint8(min(max((v+1<<15)>>16, 0), 255)) }
