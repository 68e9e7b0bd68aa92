package nn

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/limpid-ml/limpid/tensor"
)

// Weights are parameters and running statistics by name, in limpid's layouts.
type Weights map[string]tensor.Tensor

// Weights returns a copy of the parameters and running statistics.
func (n *Net) Weights() Weights {
	w := make(Weights, len(n.names))
	for i, name := range n.names {
		w[name] = n.variable(i).value.Scale(1)
	}
	return w
}

// Save writes the weights as a safetensors file, under PyTorch's names and in
// its layouts. The bytes follow from the weights alone. The file is complete
// or not there at all.
func (n *Net) Save(file string) error {
	tensors := make(map[string]tensor.Tensor, len(n.names))
	for i, name := range n.names {
		tensors[name] = n.outside(i)
	}
	if err := writeFile(file, tensors); err != nil {
		return fmt.Errorf("nn: save: %w", err)
	}
	return nil
}

// outside returns value i in the layout of files.
func (n *Net) outside(i int) tensor.Tensor {
	v := n.variable(i).value
	switch {
	case !n.isFilter(i):
		return v
	case v.Rank() == 3:
		return v.Permute(0, 2, 1)
	}
	return v.Permute(0, 3, 1, 2)
}

func (n *Net) isFilter(i int) bool { return i < len(n.params) && n.params[i].filter }

// LoadOption changes what [Net.Load] takes from a file.
type LoadOption func(*loadOptions)

type loadOptions struct {
	skip   []string
	rename []func(string) string
}

// Skip leaves the network's values that match a pattern ("fc.*", see
// path.Match) as they are, and ignores such names in the file.
func Skip(patterns ...string) LoadOption {
	return func(o *loadOptions) { o.skip = append(o.skip, patterns...) }
}

// Rename maps names in the file to the network's; "" drops one.
func Rename(f func(name string) string) LoadOption {
	return func(o *loadOptions) { o.rename = append(o.rename, f) }
}

// Load reads a safetensors file that Save or PyTorch wrote. It is strict: the
// error lists every name that is missing, unknown or of another shape, and
// then nothing is loaded. PyTorch's num_batches_tracked is ignored, and floats
// of another width are converted.
//
// A Linear after Flatten takes its columns in the order H, W, C. Weights from
// PyTorch expect C, H, W: set the Flatten's ChannelsFirst.
func (n *Net) Load(file string, o ...LoadOption) error {
	var c loadOptions
	for _, set := range o {
		set(&c)
	}
	found, err := readFile(file)
	if err != nil {
		return fmt.Errorf("nn: load: %w", err)
	}
	named, err := c.rewrite(found)
	if err != nil {
		return fmt.Errorf("nn: load %q: %w", file, err)
	}
	values, err := n.match(named, &c)
	if err != nil {
		return fmt.Errorf("nn: load %q: %w", file, err)
	}
	for i, v := range values {
		if v.Valid() {
			assign(n.variable(i).value, v)
		}
	}
	return nil
}

// rewrite renames the file's tensors and drops those to skip.
func (c *loadOptions) rewrite(found map[string]tensor.Tensor) (map[string]tensor.Tensor, error) {
	named := make(map[string]tensor.Tensor, len(found))
	for name, v := range found {
		old := name
		for _, f := range c.rename {
			name = f(name)
		}
		skip, err := c.skips(name)
		if err != nil {
			return nil, err
		}
		if name == "" || skip || strings.HasSuffix(name, "num_batches_tracked") {
			continue
		}
		if _, twice := named[name]; twice {
			return nil, fmt.Errorf("Rename maps %q and another name to %q", old, name)
		}
		named[name] = v
	}
	return named, nil
}

func (c *loadOptions) skips(name string) (bool, error) {
	for _, pattern := range c.skip {
		if ok, err := path.Match(pattern, name); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// match returns the new values by number, the zero Tensor where skipped.
func (n *Net) match(named map[string]tensor.Tensor, c *loadOptions) ([]tensor.Tensor, error) {
	values := make([]tensor.Tensor, len(n.names))
	var faults []error
	var missing []string
	for i, name := range n.names {
		if skip, _ := c.skips(name); skip {
			continue
		}
		v, ok := named[name]
		if !ok {
			missing = append(missing, name)
			continue
		}
		fitted, err := n.inside(i, v)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s %w", name, err))
		}
		values[i] = fitted
	}
	if len(missing) > 0 {
		faults = append(faults, fmt.Errorf("the file lacks %s", some(missing)))
	}
	if s := strays(named, n.names); s != "" {
		faults = append(faults, errors.New(s))
	}
	if len(faults) > 0 {
		return nil, fmt.Errorf("%w (nn.Skip leaves out, nn.Rename renames)", joined(faults))
	}
	return values, nil
}

// joined puts faults on one line.
func joined(faults []error) error {
	all := make([]string, len(faults))
	for i, f := range faults {
		all[i] = f.Error()
	}
	return errors.New(strings.Join(all, "; "))
}

// inside turns v from a file's layout to value i's.
func (n *Net) inside(i int, v tensor.Tensor) (tensor.Tensor, error) {
	own := n.variable(i)
	want := own.shape
	if n.isFilter(i) { // channels come second
		last := len(want) - 1
		want = slices.Concat(want[:1], want[last:], want[1:last])
	}
	if !slices.Equal(v.Shape(), want) {
		return tensor.Tensor{}, fmt.Errorf("is %v in the file and %v in the network", v.Shape(), want)
	}
	if d := v.DType(); d != tensor.Float32 && d != tensor.Float64 {
		return tensor.Tensor{}, fmt.Errorf("holds %v in the file, not floats", d)
	}
	v = v.To(own.value.DType())
	switch {
	case !n.isFilter(i):
		return v, nil
	case v.Rank() == 3:
		return v.Permute(0, 2, 1), nil
	}
	return v.Permute(0, 2, 3, 1), nil
}

// strays names what is in found and not among names; "" if nothing is.
func strays(found map[string]tensor.Tensor, names []string) string {
	var extra []string
	for name := range found {
		if !slices.Contains(names, name) {
			extra = append(extra, name)
		}
	}
	if len(extra) == 0 {
		return ""
	}
	slices.Sort(extra)
	return fmt.Sprintf("the network has no %s", some(extra))
}
