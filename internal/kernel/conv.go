package kernel

// ConvShape is the shape of a convolution of images x [N, H, W, C] with
// filters w [O, KH, KW, C/Groups] into y [N, OH, OW, O]:
//
//	y[n, i, j, o] = Σ x[n, i·StrideH + p·DilH − PadTop, j·StrideW + q·DilW − PadLeft, c] · w[o, p, q, c]
//
// over p, q and the channels c of o's group; outside x there are zeros. PadBottom
// and PadRight follow from the rest, given OH and OW, and are not read.
type ConvShape struct {
	N, H, W, C, O, KH, KW                int
	StrideH, StrideW                     int
	PadTop, PadLeft, PadBottom, PadRight int
	DilH, DilW, Groups                   int
	OH, OW                               int
}

// walk calls f with the flat indices into x, w and y of every product that the
// convolution sums, in a fixed order.
func (s *ConvShape) walk(f func(x, w, y int)) {
	cg, og := s.C/s.Groups, s.O/s.Groups
	for n := range s.N {
		s.windows(n, func(pixel, tap, y int) {
			for o := range s.O {
				for c := range cg {
					f(pixel*s.C+o/og*cg+c, (o*s.KH*s.KW+tap)*cg+c, y*s.O+o)
				}
			}
		})
	}
}

// windows calls f with each input pixel that each output pixel sees in image
// n, and the tap it sees it through.
func (s *ConvShape) windows(n int, f func(pixel, tap, y int)) {
	for oh := range s.OH {
		for ow := range s.OW {
			for tap := range s.KH * s.KW {
				h := oh*s.StrideH + tap/s.KW*s.DilH - s.PadTop
				w := ow*s.StrideW + tap%s.KW*s.DilW - s.PadLeft
				if h >= 0 && h < s.H && w >= 0 && w < s.W {
					f((n*s.H+h)*s.W+w, tap, (n*s.OH+oh)*s.OW+ow)
				}
			}
		}
	}
}

func convForwardGo[T Float](s *ConvShape, x, w, y []T, ep Epilogue[T]) {
	if !ep.Add {
		clear(y)
	}
	s.walk(func(i, j, k int) { y[k] += x[i] * w[j] })
	for i := 0; i < len(y); i += s.O {
		row := y[i : i+s.O]
		for o := range ep.Bias {
			row[o] += ep.Bias[o]
		}
		activate(ep.Act, ep.Param, row)
	}
}

func convDataGo[T Float](s *ConvShape, dy, w, dx []T) {
	clear(dx)
	s.walk(func(i, j, k int) { dx[i] += dy[k] * w[j] })
}

func convFilterGo[T Float](s *ConvShape, x, dy, dw []T) {
	clear(dw)
	s.walk(func(i, j, k int) { dw[j] += dy[k] * x[i] })
}

// ConvForward computes y = act(conv(x, w) + bias).
func ConvForward[T Float](s *ConvShape, x, w, y []T, ep Epilogue[T]) {
	if !s.checkSlices("ConvForward", len(x), len(w), len(y)) {
		convForwardGo(s, x, w, y, ep) // nothing to sum: the bias
		return
	}
	if s.isGemm() {
		Gemm(false, true, s.N*s.H*s.W, s.O, s.C, x, s.C, w, s.C, y, s.O, ep)
		return
	}
	if !wide[T]() && !ep.Add && s.isDepthwise() {
		runDepthwise(s, depthwiseForward, as32(x), as32(w), as32(y), as32(ep.Bias), ep.Act, ep.Param)
		return
	}
	j := newSlide[T](s)
	setEpilogue(&j.end, y, ep)
	j.in, j.w, j.out = first(x), first(w), first(y)
	j.forward()
	j.free()
}

// ConvData computes the gradient for x of the convolution whose result has
// the gradient dy. It is the transposed convolution of dy with w.
func ConvData[T Float](s *ConvShape, dy, w, dx []T) {
	if !s.checkSlices("ConvData", len(dx), len(w), len(dy)) {
		clear(dx)
		return
	}
	if s.isGemm() {
		Gemm(false, false, s.N*s.H*s.W, s.C, s.O, dy, s.O, w, s.C, dx, s.C, Epilogue[T]{})
		return
	}
	if !wide[T]() && s.isDepthwise() {
		runDepthwise(s, depthwiseData, as32(dx), as32(w), as32(dy), nil, 0, 0)
		return
	}
	if s.missesPixels() {
		clear(dx)
	}
	j := newSlide[T](s)
	setEpilogue(&j.end, dx, Epilogue[T]{})
	j.in, j.w, j.out = first(dy), first(w), first(dx)
	j.backward()
	j.free()
}

// ConvFilter computes the gradient for w of the convolution of x whose result
// has the gradient dy.
func ConvFilter[T Float](s *ConvShape, x, dy, dw []T) {
	if !s.checkSlices("ConvFilter", len(x), len(dw), len(dy)) {
		clear(dw)
		return
	}
	if !wide[T]() && s.isDepthwise() {
		runDepthwise(s, depthwiseFilter, as32(x), as32(dw), as32(dy), nil, 0, 0)
		return
	}
	j := newFilter[T](s)
	j.in, j.dy, j.dw = first(x), first(dy), first(dw)
	j.run()
	j.free()
}

// isGemm reports whether the convolution is a plain product over all pixels.
func (s *ConvShape) isGemm() bool {
	return s.KH == 1 && s.KW == 1 && s.Groups == 1 && s.StrideH == 1 && s.StrideW == 1 &&
		s.PadTop == 0 && s.PadLeft == 0 && s.OH == s.H && s.OW == s.W
}

// missesPixels reports whether some pixels of x are seen through no tap,
// because strides are longer than windows or share a factor with dilations.
func (s *ConvShape) missesPixels() bool {
	return s.StrideH > s.KH || s.StrideW > s.KW || s.StrideH > 1 && s.DilH > 1 || s.StrideW > 1 && s.DilW > 1
}

// checkSlices keeps the assembly inside its operands. It reports whether there
// is anything to compute.
func (s *ConvShape) checkSlices(what string, x, w, y int) bool {
	if x < s.N*s.H*s.W*s.C || w < s.O*s.KH*s.KW*s.C/s.Groups || y < s.N*s.OH*s.OW*s.O {
		panic("kernel." + what + ": an operand is longer than its slice")
	}
	return x > 0 && w > 0 && y > 0
}
