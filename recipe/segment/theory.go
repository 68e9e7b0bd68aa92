package segment

import (
	"fmt"
	"image/color"

	"github.com/limpid-ml/limpid/recipe/report"
)

type rgba = color.RGBA

// theory tells in plain words how a U-Net learns.
func theory(c *Config) report.Section {
	return report.Section{Title: "How a U-Net learns, in plain words", Text: []string{
		"To say what a pixel belongs to, one must look far: a patch of cloth is a shirt or a coat only together with the sleeves and the hem. But to say where the shirt ends, one must look closely. A network of small filters has to do both.",
		fmt.Sprintf("Looking far is done by halving. A filter of 3 × 3 sees little at full size, but after %d halvings each place stands for %d × %d pixels, and two such filters there see most of a garment. On the way down, the network halves width and height and doubles the number of channels: fewer places, each described by more numbers.", c.Levels+1, 2<<c.Levels, 2<<c.Levels),
		"Looking closely is done by remembering. On the way up each scale is enlarged and joined with what the way down had seen at the same scale, before halving blurred it (the bridges that give the U its form). So the coarse scales say what, the fine scales say where, and the filters after each bridge learn to put the two together. Without the bridges outlines would be blocks of 16 pixels.",
		"Every pixel is an example. The cross-entropy asks each pixel by itself for its class: −log of the probability that the network gave to the right one, whose slope is simply probability less truth. One scene so gives 9,216 slopes at once, which flow back through the same filters and are added up: few scenes teach a lot.",
		"But most pixels are background. Who always answers \"background\" is right for about 85 of 100 pixels. The Dice loss, 1 − 2·(overlap)/(found + true), is computed for each class over the batch and averaged over the classes, so that a small class counts as much as a large one, and can only be lowered by covering what is there and nothing else. It is a smooth form of the score that is asked for in the end. Alone it gives poor slopes while nothing overlaps yet; the sum of both works best.",
		"The same garment must be found at any size, in any tint, in front of anything. Nobody tells the network so: it sees ever new scenes in which these differ, and only form and shading go with the class.",
		"What it cannot know: a shirt, a pullover and a coat of 16 pixels look alike even to people. Most mistakes that are left are such; see the matrix above.",
		"Sources: Ronneberger, Fischer and Brox 2015, \"U-Net: convolutional networks for biomedical image segmentation\" (the form); Long, Shelhamer and Darrell 2015, \"Fully convolutional networks for semantic segmentation\" (every pixel an example; any size); Milletari, Navab and Ahmadi 2016, \"V-Net\" (Dice loss); Ioffe and Szegedy 2015 (batch normalisation); Smith and Topin 2018, \"Super-convergence\" (the rate's rise and fall); Loshchilov and Hutter 2019 (AdamW).",
	}}
}

// searchSection shows what was tried before the settings were chosen.
func (j *job) searchSection() report.Section {
	s := report.Section{Title: "How the settings were chosen", Text: []string{
		"The reference tried each pair of its settings on 100 validation pictures, in this run; the best by mean IoU was measured on the test split.",
	}}
	if j.config.Data == "" {
		s.Text = append(s.Text, searchWords)
		s.Body = append(s.Body, report.Table([]string{"network, scenes of validation garments", "mean IoU", "object IoU"}, search))
	}
	s.Body = append(s.Body, report.Table([]string{"distance", "least pixels", "mean IoU"}, j.trivial.searched).Under("The reference: the colour distance from which on a pixel is an object's (values are normalised), and how many pixels make one."))
	return s
}

// searchWords and search are about the runs by which the defaults were chosen;
// the test split took no part.
const searchWords = "The network's settings were chosen by short runs, measured on scenes of validation garments, whose backgrounds are of the kinds that training has; the test split took no part. 1,600 scenes of 64 × 64 pixels are too few to name a garment, and enough to see how fast learning begins. Unless a row says otherwise: width 16, 2 levels, 14 garments at most in a training scene, one-cycle, AdamW."

// search are those runs: what was tried, and what came of it.
var search = [][]string{
	{"rate 0.005, 8 scenes a step", "4.0%", "49.4%"},
	{"rate 0.01, 8 scenes a step", "5.9%", "54.4%"},
	{"rate 0.02, 8 scenes a step", "6.1%", "50.8%"},
	{"rate 0.005, 4 scenes a step", "7.0%", "53.8%"},
	{"rate 0.01, 4 scenes a step", "7.9%", "56.5%"},
	{"rate 0.02, 4 scenes a step", "2.5%", "42.4%"},
	{"rate 0.01, 2 scenes a step", "4.4%", "48.7%"},
	{"rate 0.01, 8 a step, at most 6 garments in training, as in the test", "4.5%", "48.9%"},
	{"rate 0.01, 4 a step, at most 20 garments in training", "7.8%", "57.6%"},
	{"rate 0.01, 8 a step, without the Dice loss", "5.3%", "51.5%"},
	{"rate 0.01, 8 a step, background at half weight", "6.4%", "49.9%"},
	{"rate 0.01, 4 a step, 3 levels", "6.9%", "56.2%"},
	{"rate 0.01, 4 a step, width 32", "6.4%", "52.6%"},
	{"rate 0.01, 4 a step, enlarged by interpolation within the U-Net", "4.5%", "40.9%"},
	{"rate 0.01, 8 a step, scores enlarged by a transposed convolution", "3.3%", "47.4%"},
	{"1,000 scenes of 96 × 96, width 32, 3 levels: rate 0.003, 4 a step", "1.5%", "32.3%"},
	{"the same at rate 0.006", "1.3%", "28.9%"},
	{"the same at rate 0.006, width 24", "2.0%", "29.9%"},
}
