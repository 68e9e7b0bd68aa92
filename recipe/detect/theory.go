package detect

import (
	"fmt"
	"math"

	"github.com/limpid-ml/limpid/recipe/report"
)

// theorySection tells how a detector without anchors learns.
func theorySection(classes int) report.Section {
	return report.Section{Title: "How a detector without anchors learns", Text: []string{
		"A classifier answers once for a picture. A detector must say how many things there are, where each lies and what it is, though every picture has another number of them. The trick is to ask many small questions of one form, and to let most answers be no.",
		"Earlier detectors laid thousands of boxes of given sizes and forms, the anchors, over the picture and asked of each whether a thing fills it. CenterNet asks of each cell of 4 × 4 pixels: is the centre of a thing here? That is a picture of probabilities, the heat map, and things are its peaks. At the peak four more numbers tell the box: its width and height, and where in the cell the centre is exactly. (Zhou, Wang and Krähenbühl 2019, “Objects as points”.)",
		fmt.Sprintf("What the thing is the network says apart, by a softmax over the %d classes at the same cell, as a classifier does; a detection's score is the product of both: how sure it is that something is there, times how sure it is what. So whether and what do not wait for each other, and where a shirt may be a coat it can say both, each as sure as it is. (Zhou, Koltun and Krähenbühl 2021, “Probabilistic two-stage detection”.)", classes),
		"The network looks at the picture at several coarsenesses: stages of convolutions halve it again and again, so that each cell of the coarsest has seen most of the picture and knows what is there, though not exactly where; on the way back up each finer map adds where. (Lin et al. 2017, “Feature pyramid networks”.)",
		"To say centre in the cell beside the true one is nearly right. So the wanted map is no single 1 among 0s: around each centre lies a hill, as wide as the box could be moved and still overlap the true one well, and what the network says on the hill's slope counts little against it. (Law and Deng 2018, “CornerNet”.)",
		"Of several thousand questions a picture, a handful have the answer yes. With plain cross-entropy the many easy noes would outweigh them, and to say no everywhere would be nearly perfect. The focal loss multiplies each answer's −log p by (1 − p)²: who is 90% sure and right counts a hundredth, and what is still wrong decides the gradient. The bias of the last layer begins so low that every cell says 10%, or the first steps would only unlearn yes. (Lin et al. 2017, “Focal loss for dense object detection”.)",
		"The box learns by two measures. The mean distance of width, height and centre has a slope everywhere, and 2 pixels count the same for a large thing as for a small one; the loss GIoU is one minus the overlap that is scored in the end, whatever the size, less the emptiness of the smallest box around both where they do not touch. Cells beside the centre, in the middle half of the box, learn the box and the class too: they see the same thing, and each thing gives up to nine answers to learn from in place of one. (Rezatofighi et al. 2019, “Generalized intersection over union”; Tian et al. 2019, “FCOS”.)",
		"A cell whose eight neighbours are lower is a detection, so that one thing gives one box; where two boxes still overlap by more than 0.6 the less certain one goes: non-maximum suppression. (Felzenszwalb et al. 2010, “Object detection with discriminatively trained part-based models”.)",
	}, Body: []report.Figure{focalChart()}}
}

// focalChart draws what an answer costs, by plain cross-entropy and by the
// focal loss.
func focalChart() report.Figure {
	plain, focal := report.Line{Name: "cross-entropy"}, report.Line{Name: "focal loss"}
	for i := 2; i <= 100; i++ {
		p := float64(i) / 100
		plain.X, plain.Y = append(plain.X, p), append(plain.Y, -math.Log(p))
		focal.X, focal.Y = append(focal.X, p), append(focal.Y, -math.Pow(1-p, 2)*math.Log(p))
	}
	return report.Lines(report.Chart{Title: "what an answer costs", X: "probability that the network gives to the right answer"}, plain, focal)
}

// searchSection shows what the settings were chosen by.
func searchSection() report.Section {
	return report.Section{Title: "How the settings were chosen", Text: []string{
		"By short runs, measured on the validation scenes: those are composed of garments that are cut from the training data, on the training's kinds of background. The test scenes, of other garments on mostly other backgrounds, had no part in it.",
	}, Body: []report.Figure{report.Table([]string{"what was tried", "steps", "AP50", "AP", "AP50 of any class"}, searched)}}
}
