package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// trialSample is a trial in one round.
type trialSample struct {
	trial
	Round, Order int
	Measured     measurement
	Err          error // why it was not measured
}

// runRounds does all trials in each round, one at a time, in an order drawn
// anew from the seed. A trial that fails is a sample with its error; the error
// is the cause of ctx, when that is done.
func runRounds(ctx context.Context, trials []trial, rounds int, seed uint64, stderr io.Writer) ([]trialSample, error) {
	samples := make([]trialSample, 0, rounds*len(trials))
	began := time.Now()
	for round := 1; round <= rounds; round++ {
		order := rand.New(rand.NewPCG(seed, uint64(round))).Perm(len(trials))
		for place, i := range order {
			m, err := trials[i].run(ctx)
			if cause := context.Cause(ctx); cause != nil {
				return nil, cause
			}
			sample := trialSample{trials[i], round, place + 1, m, err}
			samples = append(samples, sample)
			left := time.Since(began) / time.Duration(len(samples)) * time.Duration(rounds*len(trials)-len(samples))
			fmt.Fprintf(stderr, "round %d of %d, %d of %d: %s; about %v left\n",
				round, rounds, place+1, len(trials), sample, left.Round(time.Second))
		}
	}
	return samples, nil
}

// String is the sample as a line of progress.
func (s trialSample) String() string {
	name := fmt.Sprintf("%s: %s, %d workers: ", s.Case, s.Peer, s.Workers)
	if s.Err != nil {
		return name + "FAILED: " + s.Err.Error()
	}
	return fmt.Sprintf("%s%.4g s for %.0f", name, s.Measured["seconds"], s.Measured["ops"])
}

// rawTrials returns every sample as CSV, a column for each number that any of
// them has.
func rawTrials(samples []trialSample) string {
	keys := map[string]bool{}
	for _, s := range samples {
		for key := range s.Measured {
			keys[key] = true
		}
	}
	columns := slices.Sorted(maps.Keys(keys))
	var b strings.Builder
	w := csv.NewWriter(&b)
	rows := [][]string{append([]string{"round", "order", "case", "peer", "workers", "failed"}, columns...)}
	for _, s := range samples {
		failed := ""
		if s.Err != nil {
			failed = s.Err.Error()
		}
		row := []string{strconv.Itoa(s.Round), strconv.Itoa(s.Order), s.Case, s.Peer, strconv.Itoa(s.Workers), failed}
		for _, key := range columns {
			value, ok := s.Measured[key]
			if !ok {
				row = append(row, "")
				continue
			}
			row = append(row, strconv.FormatFloat(value, 'g', 8, 64))
		}
		rows = append(rows, row)
	}
	w.WriteAll(rows) // a strings.Builder takes everything
	return b.String()
}
