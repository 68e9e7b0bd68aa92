package prose

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/limpid-ml/limpid/data/token"
	"github.com/limpid-ml/limpid/model/decode"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// pen writes on, character by character: each is read back with what the
// network remembers of those before.
type pen struct {
	model  *writer
	net    *nn.Net
	window int // places that a GPT looks back over, at most
	state  state
	logits []float32
	seen   []int32 // of a GPT: the characters that its state is of
}

// read has the network read some characters; p.logits are then the scores of
// the next.
func (p *pen) read(ids ...int32) error {
	if p.model.LSTM == nil {
		// Places beyond those that it learned to look back over would be new to it.
		if p.seen = append(p.seen, ids...); len(p.seen) > p.window {
			p.seen = append([]int32(nil), p.seen[len(p.seen)-max(1, p.window/2):]...)
			ids, p.state = p.seen, state{}
		}
	}
	return p.net.Do(func(pass *nn.Pass) error {
		y, next := p.model.run(pass, tensor.Of(ids, 1, len(ids)), p.state)
		p.state = next.keep()
		p.logits = append(p.logits[:0], tensor.Data[float32](y.Index(1, len(ids)-1))...)
		return nil
	})
}

// unwritten is the symbol of characters that are not known, which is never
// written.
const unwritten = 0

// write has the network write n characters after a prompt, and tells each.
func (p *pen) write(ctx context.Context, prompt []int32, n int, s *decode.Sampler, tell func(id int32) error) error {
	if err := p.read(prompt...); err != nil {
		return err
	}
	for i := range n {
		if err := ctx.Err(); err != nil {
			return err
		}
		p.logits[unwritten] = float32(math.Inf(-1))
		id := int32(s.Next(p.logits))
		if err := tell(id); err != nil || i == n-1 {
			return err
		}
		if err := p.read(id); err != nil {
			return err
		}
	}
	return nil
}

func (l *lesson) pen() *pen { return &pen{model: l.model, net: l.net, window: l.config.Window} }

// sample writes n characters after a prompt.
func (l *lesson) sample(ctx context.Context, prompt string, n int, s decode.Sampling, seed uint64) (string, error) {
	var b strings.Builder
	stream := token.NewStream(l.text.codec)
	err := l.pen().write(ctx, l.text.codec.Encode(prompt), n, decode.NewSampler(s, seed), func(id int32) error {
		b.WriteString(stream.Next(id))
		return nil
	})
	return b.String(), err
}

// options are the settings of an answer.
type options struct {
	Temperature float64 `json:"temperature" help:"below 1 it writes what is likely, above 1 it takes risks, 0: the likeliest always" min:"0" max:"100"`
	TopK        int     `json:"top-k" help:"choose among the k likeliest characters; 0: all" min:"0" max:"1000000"`
	TopP        float64 `json:"top-p" help:"choose among the likeliest that have this probability together" min:"0" max:"1"`
	Length      int     `json:"length" help:"characters to write" min:"1" max:"1000000"`
	Seed        uint64  `json:"seed" help:"of the choices"`
}

func usualOptions() options { return options{Temperature: 0.7, TopP: 0.95, Length: 500, Seed: 1} }

// written is an answer.
type written struct {
	Prompt string `json:"prompt"`
	Text   string `json:"text"` // what follows the prompt
}

// mostPrompt bounds a prompt, in bytes: of a longer one the end is read.
const mostPrompt = 1 << 16

// answer writes on after a prompt, to q.Out as it goes.
func (l *lesson) answer(ctx context.Context, q *recipe.Question) (*recipe.Answer, error) {
	raw, err := io.ReadAll(io.LimitReader(q.In, 16*mostPrompt))
	if err != nil {
		return nil, err
	}
	a := &recipe.Answer{}
	if len(raw) > mostPrompt {
		raw = raw[len(raw)-mostPrompt:]
		for len(raw) > 0 && !utf8.RuneStart(raw[0]) {
			raw = raw[1:]
		}
		a.Steps = append(a.Steps, fmt.Sprintf("read the last %d KiB of the prompt only", mostPrompt>>10))
	}
	prompt := strings.TrimSuffix(strings.TrimSuffix(strings.ToValidUTF8(string(raw), string(utf8.RuneError)), "\n"), "\r")
	ids := l.text.codec.Encode(prompt)
	if n := unknowns(ids); n > 0 {
		a.Steps = append(a.Steps, fmt.Sprintf("%d of the prompt's %d characters are in none of what was learned: read each as unknown", n, len(ids)))
	}
	if len(ids) == 0 {
		ids = l.text.codec.Encode("\n") // a text begins where a line does
	}
	w := written{Prompt: prompt}
	var b strings.Builder
	stream := token.NewStream(l.text.codec)
	out := q.Out
	if out == nil {
		out = io.Discard
	}
	if _, err := io.WriteString(out, prompt); err != nil {
		return nil, err
	}
	sampler := decode.NewSampler(decode.Sampling{Temperature: l.options.Temperature, TopK: l.options.TopK, TopP: l.options.TopP}, l.options.Seed)
	err = l.pen().write(ctx, ids, l.options.Length, sampler, func(id int32) error {
		s := stream.Next(id)
		b.WriteString(s)
		_, err := io.WriteString(out, s)
		return err
	})
	if err != nil {
		return nil, err
	}
	w.Text, a.Text = b.String(), "\n"
	a.Value = w
	return a, nil
}

func unknowns(ids []int32) (n int) {
	for _, id := range ids {
		if id == unwritten {
			n++
		}
	}
	return n
}

// sampled is what the network wrote after an epoch.
type sampled struct {
	Epoch int     `json:"epoch"`
	Bits  float64 `json:"bits"` // a character, on validation text
	Text  string  `json:"text"`
}

// samples is an observer that has the network write a little after each epoch.
type samples struct {
	lesson *lesson
	all    []sampled
}

// Of a sample, and of those that the report shows.
const (
	sampleLength = 240
	sampleSeed   = 1
)

// sampling is how samples are drawn.
var sampling = decode.Sampling{Temperature: 0.7}

// Observe takes a sample after each epoch's evaluation.
func (s *samples) Observe(_ *train.Updater, e train.Event) error {
	ev, ok := e.(train.Evaluated)
	if !ok {
		return nil
	}
	text, err := s.lesson.sample(context.Background(), "\n", sampleLength, sampling, sampleSeed)
	s.all = append(s.all, sampled{ev.Epoch, ev.Metrics["bits_per_character"], text})
	return err
}

// note shows the latest sample in a line.
func (s *samples) note() string {
	if len(s.all) == 0 {
		return ""
	}
	return "writes: " + strings.Join(strings.Fields(s.all[len(s.all)-1].Text), " ")
}

// MarshalBinary stores the samples with a checkpoint.
func (s *samples) MarshalBinary() ([]byte, error) { return json.Marshal(s.all) }

// UnmarshalBinary brings them back.
func (s *samples) UnmarshalBinary(text []byte) error {
	if err := json.Unmarshal(text, &s.all); err != nil {
		return errors.Join(errors.New("the samples are damaged"), err)
	}
	return nil
}
