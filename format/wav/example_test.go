package wav_test

import (
	"bytes"
	"fmt"
	"log"

	"github.com/limpid-ml/limpid/format/wav"
)

func Example() {
	sound := &wav.Sound{Rate: 8000, Channels: 2, Encoding: wav.PCM24, Samples: []float32{0, 0.5, -0.25, 1}}
	var file bytes.Buffer
	if err := wav.Write(&file, sound); err != nil {
		log.Fatal(err)
	}
	back, err := wav.Read(&file)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(back.Frames(), "frames of", back.Encoding, back.Samples[:3])
	// Output: 2 frames of PCM24 [0 0.5 -0.25]
}
