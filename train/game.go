package train

import (
	"context"
	"errors"
	"fmt"

	"github.com/limpid-ml/limpid/tensor"
)

// Game trains several networks by turns, each with an updater of its own: an
// adversarial game is one, a discriminator and a generator that each step
// against the other.
//
//	g := train.Game{Players: []*train.Updater{d, g}, Rounds: 2000, Dir: dir, Round: func(n int) (float64, error) {
//		if _, err := d.Step(judge); err != nil {
//			return 0, err
//		}
//		return g.Step(fool)
//	}}
//	err := g.Play(ctx)
type Game struct {
	Players  []*Updater
	Averages []*Average                // of players' weights, which observe them
	Carry    map[string]*tensor.Tensor // what else goes on from round to round, see Checkpoint

	// Round has the players take their steps of round n, from 0: as many each
	// as the game asks for, the first at least one. It must be a function of n,
	// of the players and of what is carried on. It returns the loss to show.
	Round  func(n int) (float64, error)
	Rounds int

	// Dir is a folder for checkpoints, from which a game that was stopped or
	// killed goes on to the same bits; "": nothing is written.
	Dir   string
	Every int // rounds between checkpoints; 0: one after the last round only

	// Observers see a StepDone after each round, whose Step counts rounds, and
	// Saved. What the players' steps themselves do, the players' observers see.
	Observers []Observer

	Warnings []string // of Play: what was damaged and passed over

	round tensor.Tensor // rounds played, as the checkpoint has it
}

// Play plays the rounds that are left and returns how many are done. When ctx
// ends it finishes the round, saves, and returns an error that wraps ctx's. An
// observer's [Stop] ends the game in good order.
func (g *Game) Play(ctx context.Context) (rounds int, err error) {
	if err := errors.Join(checkContext("Game.Play", ctx), g.check()); err != nil {
		return 0, err
	}
	ck, done, err := g.open()
	if err != nil {
		return 0, err
	}
	saved := done
	for done < g.Rounds {
		if ctx.Err() != nil {
			err := fmt.Errorf("train.Game: stopped after round %d of %d: %w", done, g.Rounds, ctx.Err())
			if saved < done {
				err = errors.Join(err, g.save(ck, done))
			}
			return done, err
		}
		stop, err := g.play(done)
		if err != nil {
			return done, err
		}
		done++
		if stop || done == g.Rounds || g.Every > 0 && done%g.Every == 0 {
			saved = done
			if err := g.save(ck, done); err != nil || stop {
				return done, err
			}
		}
	}
	return done, nil
}

// check refuses a game that cannot be played.
func (g *Game) check() error {
	var faults []error
	fault := func(bad bool, format string, a ...any) {
		if bad {
			faults = append(faults, fmt.Errorf("train.Game: "+format, a...))
		}
	}
	fault(len(g.Players) == 0, "there are no Players: give an updater for each network")
	fault(g.Round == nil, "Round is nil: say how the players step")
	fault(g.Rounds < 0, "Rounds is %d; it takes a whole number from 0", g.Rounds)
	fault(g.Every < 0, "Every is %d; it takes a whole number from 0", g.Every)
	for i, p := range g.Players {
		fault(p == nil, "Players[%d] is nil", i)
	}
	return errors.Join(faults...)
}

// roundKey is where a checkpoint has the number of rounds.
const roundKey = "limpid.round"

// open goes on from the newest checkpoint, if there is one.
func (g *Game) open() (*Checkpoint, int, error) {
	if g.Dir == "" {
		return nil, 0, nil
	}
	ck := &Checkpoint{Dir: g.Dir, Updaters: g.Players, Averages: g.Averages, Carry: map[string]*tensor.Tensor{roundKey: &g.round}}
	for name, t := range g.Carry {
		ck.Carry[name] = t
	}
	found, err := ck.Restore()
	if err != nil || !found {
		return ck, 0, err
	}
	g.Warnings = ck.Warnings
	if g.round == (tensor.Tensor{}) {
		return nil, 0, fmt.Errorf("train.Game: the checkpoints in %s are no game's: use another folder", g.Dir)
	}
	return ck, int(g.round.Item()), nil
}

// save writes a checkpoint after so many rounds, if there is a folder.
func (g *Game) save(ck *Checkpoint, rounds int) error {
	if ck == nil {
		return nil
	}
	g.round = tensor.Of([]int32{int32(rounds)})
	if err := ck.Save(); err != nil {
		return err
	}
	return g.emit(Saved{rounds, ck.file(ck.step())})
}

// play plays round n, and tells whether an observer stopped the game.
func (g *Game) play(n int) (stop bool, err error) {
	before := g.Players[0].steps
	var loss float64
	if err := try(func() error { loss, err = g.Round(n); return err }); err != nil && !errors.Is(err, Stop) {
		return false, fmt.Errorf("train.Game: round %d: %w", n+1, err)
	}
	stop = errors.Is(err, Stop)
	if g.Players[0].steps <= before {
		return false, fmt.Errorf("train.Game: round %d: the first player took no step: checkpoints are named by its steps", n+1)
	}
	err = g.emit(StepDone{Step: n + 1, Loss: loss, Rate: g.Players[0].rule.Rate()})
	if errors.Is(err, Stop) {
		return true, nil
	}
	return stop, err
}

// emit shows an event to the game's observers, see Updater.emit.
func (g *Game) emit(e Event) error {
	show := Updater{Net: g.Players[0].Net, observers: g.Observers}
	return show.emit(e)
}
