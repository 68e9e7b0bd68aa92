package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/limpid-ml/limpid/recipe"
)

// progress is what a training run shows of itself, at one moment.
type progress struct {
	recipe, run   string
	epoch, epochs int // the epoch under way, from 1
	step, steps   int // done, in all
	elapsed       time.Duration
	left          time.Duration // 0: not known yet
	rate          float64       // examples a second
	loss          float64       // mean of the latest steps, the last weighing most
	losses        []float64     // means of a few steps each, the oldest first
	watched       string        // the metric whose values on validation data are shown
	validation    []float64     // they, after each epoch
	measured      int           // the last epoch that was validated in this session
	note          string        // what the task says of itself
	layers        []layerHealth
	stopping      bool
	done          bool
}

// layerHealth is a layer at a glance.
type layerHealth struct {
	path   string
	update float64 // length of the last change over that of the weights; 0: has none
	pace   float64 // what update would be at the base learning rate
	dead   float64 // share of units that gave 0 for a whole batch; −1: does not apply
}

// Bounds beyond which the live view speaks up, as shares.
const (
	updateSlow = 1e-5
	updateFast = 3e-2
	deadMany   = 0.5
)

// verdict says in a word how the layer does.
func (h layerHealth) verdict() string {
	switch {
	case math.IsNaN(h.update):
		return "not a number"
	case h.dead > deadMany:
		return "dying"
	case h.update > updateFast:
		return "restless"
	case h.pace > 0 && h.pace < updateSlow:
		return "asleep"
	}
	return "well"
}

var (
	styleTitle = lipgloss.NewStyle().Bold(true)
	styleFaint = lipgloss.NewStyle().Faint(true)
	styleGood  = lipgloss.NewStyle().Foreground(lipgloss.Color("2"))
	styleBad   = lipgloss.NewStyle().Foreground(lipgloss.Color("3"))
	styleLine  = lipgloss.NewStyle().Foreground(lipgloss.Color("6"))
)

// frame draws p, at most width columns wide and height rows high; 0 is a size
// that the terminal does not tell.
func (p *progress) frame(width, height int) string {
	wide, high := cmp.Or(width, 80), cmp.Or(height, 24)
	width = max(40, min(wide, 100))
	lines := []string{
		styleTitle.Render("limpid · "+p.recipe) + styleFaint.Render("   "+p.run),
		p.bar(width),
		p.clock(),
		"",
		p.curve("loss", p.losses, fmt.Sprintf("%.4f", p.loss), width),
		p.curve("validation", p.validation, p.validated(), width),
		"",
	}
	if p.note != "" {
		lines = append(lines, visible(p.note), "")
	}
	room := max(0, high-len(lines)-2)
	for i, l := range p.health() {
		if i < room {
			lines = append(lines, l)
		}
	}
	return fit(lines, p.foot(), wide, high)
}

// fit cuts what a terminal has no room for: of the lines, empty ones first, but
// not the foot, and of each what is too far right.
func fit(lines []string, foot string, width, height int) string {
	if len(lines) >= height {
		lines = slices.DeleteFunc(lines, func(l string) bool { return l == "" })
	}
	lines = append(lines[:max(0, min(len(lines), height-1))], foot)
	for i, l := range lines {
		lines[i] = ansi.Truncate(l, width, "…")
	}
	return strings.Join(lines, "\n")
}

func (p *progress) foot() string {
	switch {
	case p.done:
		return ""
	case p.stopping:
		return styleBad.Render("stopping: finishing the step, writing a checkpoint …")
	}
	return styleFaint.Render("q stops here and keeps a checkpoint")
}

func (p *progress) bar(width int) string {
	share := 0.0
	if p.steps > 0 {
		share = float64(p.step) / float64(p.steps)
	}
	head := fmt.Sprintf("epoch %d of %d ", p.epoch, p.epochs)
	if p.epochs == 0 {
		head = fmt.Sprintf("step %s of %s ", grouped(p.step), grouped(p.steps))
	}
	tail := fmt.Sprintf(" %3.0f%%", 100*share)
	return head + styleLine.Render(rail(share, max(10, width-len(head)-len(tail)))) + tail
}

func (p *progress) clock() string {
	s := fmt.Sprintf("%s so far", lasting(p.elapsed))
	if p.left > 0 {
		s += fmt.Sprintf(" · %s left", lasting(p.left))
	}
	if p.rate > 0 {
		s += fmt.Sprintf(" · %s examples/s", grouped(int(p.rate)))
	}
	return s
}

// curve draws values as a line of blocks, after its name and what it comes to.
func (p *progress) curve(name string, values []float64, last string, width int) string {
	if len(values) == 0 {
		last = "—"
	}
	return fmt.Sprintf("%-11s%-8s", name, last) + styleLine.Render(spark(values, width-20))
}

// validated is the metric's value after the latest epoch.
func (p *progress) validated() string {
	if n := len(p.validation); n > 0 {
		return recipe.Format(p.watched, p.validation[n-1])
	}
	return ""
}

func (p *progress) health() []string {
	if len(p.layers) == 0 {
		return nil
	}
	rows := [][]string{{"layer", "change/step", "dead", ""}}
	for _, l := range p.layers {
		update, dead := "—", "—"
		if l.update != 0 {
			update = fmt.Sprintf("%.1e", l.update)
		}
		if l.dead >= 0 {
			dead = fmt.Sprintf("%.0f%%", 100*l.dead)
		}
		rows = append(rows, []string{l.path, update, dead, l.verdict()})
	}
	lines := strings.Split(strings.TrimRight(columns("lrrl", rows), "\n"), "\n")
	lines[0] = styleFaint.Render(lines[0])
	for i, l := range p.layers {
		word := l.verdict()
		style := styleBad
		if word == "well" {
			style = styleGood
		}
		lines[i+1] = strings.TrimSuffix(lines[i+1], word) + style.Render(word)
	}
	return append(lines, "")
}

// liveModel is the terminal view of a run.
type liveModel struct {
	now           progress
	width, height int
	stop          func() // asks the run to stop
}

type doneMsg struct{}

// Init asks for nothing.
func (m *liveModel) Init() tea.Cmd { return nil }

// Update takes in a key, the terminal's size or the run's progress.
func (m *liveModel) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case progress:
		msg.stopping = m.now.stopping
		m.now = msg
	case doneMsg:
		m.now.done = true
		return m, tea.Quit
	case tea.KeyPressMsg:
		switch msg.String() {
		case "q", "ctrl+c", "esc":
			m.now.stopping = true
			m.stop()
		}
	}
	return m, nil
}

// View draws the progress.
func (m *liveModel) View() tea.View { return tea.NewView(m.now.frame(m.width, m.height)) }

// screen shows a run's progress until it is closed.
type screen interface {
	show(p progress)
	close()
}

// liveScreen draws on a terminal.
type liveScreen struct {
	program *tea.Program
	done    chan struct{}
}

// newLiveScreen starts drawing on s.Err. stop is called when the user asks
// for the run to stop. close ends the goroutine.
func newLiveScreen(s Streams, stop func()) *liveScreen {
	m := &liveModel{width: 80, height: 24, stop: stop}
	l := &liveScreen{
		program: tea.NewProgram(m, tea.WithInput(s.In), tea.WithOutput(s.Err), tea.WithoutSignalHandler()),
		done:    make(chan struct{}),
	}
	go func() {
		defer close(l.done)
		if _, err := l.program.Run(); err != nil {
			stop() // the terminal is gone
		}
	}()
	return l
}

func (l *liveScreen) show(p progress) { l.program.Send(p) }

func (l *liveScreen) close() {
	l.program.Send(doneMsg{})
	<-l.done
}
