// Package picture reads picture files: PNG, JPEG, GIF (its first frame), BMP,
// TIFF and WebP, in any colour depth, upright if they say which way is up.
//
// Files are taken to be hostile: a header that claims more than 50 million
// pixels is refused before anything is allocated, and a decoder that fails is
// an error. [Open] returns an image.Image; a [Raster] holds bytes, is quick to
// fill and to resize, and keeps its memory from one picture to the next.
//
// format/boxes, data and all above them may import it. It imports nothing of
// limpid's.
package picture
