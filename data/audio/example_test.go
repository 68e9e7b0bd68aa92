package audio_test

import (
	"fmt"
	"log"

	"github.com/limpid-ml/limpid/data/audio"
	"github.com/limpid-ml/limpid/tensor"
)

func ExampleMel_Log() {
	clip := audio.Noise(44100, 44100, 1, tensor.NewRand(1)) // or audio.Open("hello.wav")
	mel, err := audio.NewMel(audio.MelOptions{Rate: 16000, Bands: 40})
	if err != nil {
		log.Fatal(err)
	}
	x, err := mel.Log(clip.Resample(16000))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(x.Shape(), x.DType())
	// Output: [101 40] float32
}

func ExampleAugment() {
	clip := audio.Noise(16000, 16000, 1, tensor.NewRand(1))
	change := audio.Augment{Speed: audio.Range{From: 0.9, To: 1.1}, SNR: audio.Range{From: 5, To: 30}, NoiseShare: 0.5}
	const seed, epoch, index = 1, 3, 17
	a := change.Apply(clip, audio.Draw(seed, epoch, index))
	b := change.Apply(clip, audio.Draw(seed, epoch, index))
	fmt.Println(len(a.Samples) == len(b.Samples), a.Samples[100] == b.Samples[100])
	// Output: true true
}

func ExampleSpecAugment() {
	x := tensor.NewRand(1).Normal(0, 1, 100, 40)
	mask := audio.SpecAugment{TimeMasks: 2, TimeWidth: 20, BandMasks: 2, BandWidth: 8}
	fmt.Println(mask.Apply(x, audio.Draw(1, 0, 0)).Shape())
	// Output: [100 40]
}
