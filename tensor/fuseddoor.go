package tensor

import "github.com/limpid-ml/limpid/internal/backstage"

// The fused half of the door: see backstage.Tensor.

func (door) Linear(x, w, b Tensor, act backstage.Act, param float64) Tensor {
	return linear(x, w, b, act, param)
}

func (door) Activate(x Tensor, act backstage.Act, param float64) Tensor {
	return activate(x, act, param)
}

func (door) Conv(x, w, b Tensor, c backstage.Conv, act backstage.Act, param float64) Tensor {
	return conv(x, w, b, c, act, param)
}

func (door) ConvTranspose(x, w, b Tensor, c backstage.Conv, act backstage.Act, param float64) Tensor {
	return convTranspose(x, w, b, c, act, param)
}

func (door) Pool(x Tensor, p backstage.Pool) Tensor { return pool(x, p) }

func (door) BatchNorm(x, gamma, beta Tensor, eps float64, act backstage.Act, param float64) (y, mean, variance Tensor) {
	return batchNorm(x, gamma, beta, eps, act, param)
}

func (door) Normalize(x, mean, variance, gamma, beta Tensor, eps float64, act backstage.Act, param float64) Tensor {
	return normalize(x, mean, variance, gamma, beta, eps, act, param)
}

func (door) LayerNorm(x, gamma, beta Tensor, eps float64) Tensor {
	return layerNorm(x, gamma, beta, eps)
}

func (door) Recur(cell backstage.Cell, x, h, c, w, b, lengths Tensor, back bool) Tensor {
	return recur(cell, x, h, c, w, b, lengths, back)
}

func (door) Dropout(x Tensor, rate float64, r *Rand) Tensor { return dropout(x, rate, r) }

func (door) CrossEntropy(logits, labels, weights Tensor, smoothing float64) Tensor {
	return crossEntropy(logits, labels, weights, smoothing)
}
