package flac

import (
	"errors"
	"fmt"
)

// subframe reads one channel of a frame, samples of so many bits.
func subframe(r *reader, out []int64, width uint) error {
	if r.read(1) != 0 {
		return errors.New("a channel starts with a bit that is not 0: the file is damaged")
	}
	kind := r.read(6)
	var wasted uint
	if r.read(1) == 1 {
		zeros := r.zeros()
		if zeros >= uint64(width)-1 {
			return fmt.Errorf("a channel claims %d unused bits of %d: the file is damaged", zeros+1, width)
		}
		wasted = uint(zeros) + 1
		width -= wasted
	}
	if err := body(r, kind, out, width); err != nil {
		return err
	}
	if r.short {
		return errCut
	}
	if wasted > 0 {
		for i := range out {
			out[i] <<= wasted
		}
	}
	return nil
}

// body reads the samples of a subframe of a kind.
func body(r *reader, kind uint64, out []int64, width uint) error {
	switch {
	case kind == 0: // constant
		v := r.signed(width)
		for i := range out {
			out[i] = v
		}
		return nil
	case kind == 1: // as they are
		for i := range out {
			out[i] = r.signed(width)
		}
		return nil
	case kind >= 8 && kind <= 12:
		return fixed(r, out, int(kind-8), width)
	case kind >= 32:
		return linear(r, out, int(kind-31), width)
	}
	return fmt.Errorf("a channel has the reserved kind %d", kind)
}

// warmUp reads the samples that a prediction starts from.
func warmUp(r *reader, out []int64, order int, width uint) error {
	if order > len(out) {
		return fmt.Errorf("a prediction from %d samples in a frame of %d: the file is damaged", order, len(out))
	}
	for i := range order {
		out[i] = r.signed(width)
	}
	return nil
}

// fixed reads samples that a polynomial predicts.
func fixed(r *reader, out []int64, order int, width uint) error {
	if err := warmUp(r, out, order, width); err != nil {
		return err
	}
	if err := residual(r, out, order); err != nil {
		return err
	}
	for i := order; i < len(out); i++ {
		switch order {
		case 1:
			out[i] += out[i-1]
		case 2:
			out[i] += 2*out[i-1] - out[i-2]
		case 3:
			out[i] += 3*out[i-1] - 3*out[i-2] + out[i-3]
		case 4:
			out[i] += 4*out[i-1] - 6*out[i-2] + 4*out[i-3] - out[i-4]
		}
	}
	return nil
}

// linear reads samples that a linear filter predicts.
func linear(r *reader, out []int64, order int, width uint) error {
	if err := warmUp(r, out, order, width); err != nil {
		return err
	}
	precision := uint(r.read(4)) + 1
	shift := r.signed(5)
	if precision == 16 || shift < 0 {
		return errors.New("a filter has a precision or a shift that the format forbids")
	}
	var taps [32]int64
	for i := range order {
		taps[i] = r.signed(precision)
	}
	if err := residual(r, out, order); err != nil {
		return err
	}
	filter := taps[:order]
	for i := order; i < len(out); i++ {
		var sum int64
		past := out[i-order : i]
		for k, tap := range filter {
			sum += tap * past[order-1-k]
		}
		out[i] += sum >> uint(shift)
	}
	return nil
}

// residual reads what was predicted wrongly, from place order on.
func residual(r *reader, out []int64, order int) error {
	method := r.read(2)
	if method > 1 {
		return fmt.Errorf("the reserved coding %d of residuals", method)
	}
	paramBits := uint(4 + method)
	escape := uint64(1)<<paramBits - 1
	parts := 1 << r.read(4)
	size := len(out) / parts
	if size*parts != len(out) || size < order {
		return fmt.Errorf("%d parts of a frame of %d samples: the file is damaged", parts, len(out))
	}
	at := order
	for p := range parts {
		end := (p + 1) * size
		param := r.read(paramBits)
		if param == escape {
			raw := uint(r.read(5))
			for ; at < end; at++ {
				out[at] = r.signed(raw)
			}
		} else {
			for ; at < end; at++ {
				v := r.zeros()<<param | r.read(uint(param))
				out[at] = int64(v>>1) ^ -int64(v&1)
			}
		}
		if r.short {
			return errCut
		}
	}
	return nil
}
