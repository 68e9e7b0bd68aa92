package par

import "testing"

func TestPauseReturns(t *testing.T) {
	for _, n := range []int{-1, 0, 1, 100} {
		pause(n)
	}
}
