package photo

import (
	"image"

	"github.com/limpid-ml/limpid/format/picture"
)

// Open reads the picture in a file, upright. See [picture.Open].
func Open(file string) (image.Image, error) { return picture.Open(file) }
