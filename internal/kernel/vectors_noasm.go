//go:build noasm || !amd64

package kernel

func unaryVectors(UnaryOp, []float32, []float32, float64, float64) bool { return false }

func binaryVectors(BinaryOp, []float32, []float32, []float32, float64) bool { return false }

func scalarVectors(BinaryOp, []float32, []float32, float32, bool) bool { return false }

func axpyVectors(float32, []float32, []float32) bool { return false }

func mulAddVectors(_, _, _ []float32) bool { return false }

func reduceVectors(ReduceOp, []float32) (float64, bool) { return 0, false }

func dotVectors(_, _ []float32) (float64, bool) { return 0, false }

func passVectors(passID, int, *passArgs) bool { return false }
