// Package run keeps the folder of a training run: plain files that anything
// may read while the run goes on.
//
//	runs/20261124-1530-fashion/
//		run.json       what ran, from which settings, and what came of it
//		events.jsonl   what happened, a JSON object a line
//		lock           held by the process that trains
//		checkpoints/   …
//
// [Create] makes a new run's folder, [Open] takes up one that is there; both
// hold the lock until [Run.Close]. [Read] and [List] look without a lock.
// [Replace] writes a file that is complete or not there at all, whatever
// happens; run.json and checkpoints go through it.
//
// data, nn and all above them may import run. It imports internal/kernel and
// internal/par, to record them.
package run
