package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/outpace-run/outpace"
)

// This file is the kinds of values that flags have, and how they are read.

// duration is a flag of a time: 1.5s, 2m, or a number of seconds.
type duration time.Duration

func (d *duration) String() string { return time.Duration(*d).String() }

// Type is for the generated texts.
func (d *duration) Type() string { return "time" }

// Set reads the flag's value.
func (d *duration) Set(text string) error {
	parsed, err := time.ParseDuration(text)
	if seconds, notNumber := strconv.ParseFloat(text, 64); notNumber == nil {
		parsed, err = time.Duration(seconds*float64(time.Second)), nil
		if !(seconds >= 0 && seconds < 9e9) {
			return fmt.Errorf("a time is 0 or more")
		}
	}
	if err != nil {
		return fmt.Errorf("a time is a number of seconds, or a number with a unit such as 250ms, 1.5s or 2m")
	}
	if parsed < 0 {
		return fmt.Errorf("a time is 0 or more")
	}
	*d = duration(parsed)
	return nil
}

// width is what --workers says: nothing, a number, or a shape.
type width struct {
	workers int           // 0: not a number
	shape   outpace.Shape // zero: not a shape
}

// maxWidth is the most processes, and the most tasks in one, that -j takes.
const maxWidth = 100_000

func parseWidth(text string) (width, error) {
	if text == "" {
		return width{}, nil
	}
	if strings.Contains(text, "x") {
		shape, err := outpace.ParseShape(text)
		if err != nil || max(shape.Processes, shape.Tasks) > maxWidth {
			return width{}, usage(fmt.Sprintf("such as -j 4 or -j 4x2, each from 1 to %d", maxWidth), "no such shape: %q", text)
		}
		return width{shape: shape}, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxWidth {
		return width{}, usage("such as -j 4 or -j 4x2", "-j is from 1 to %d tasks at once, got %q", maxWidth, text)
	}
	return width{workers: n}, nil
}

// size is a flag of an amount of memory: 512MB, 1.5GiB, or a number of bytes.
type size int64

func (s *size) String() string { return strconv.FormatInt(int64(*s), 10) }

// Type is for the generated texts.
func (s *size) Type() string { return "size" }

// Set reads the flag's value.
func (s *size) Set(text string) error {
	number := strings.TrimRight(text, "bBkKmMgGtTi")
	unit := text[len(number):]
	factor, known := map[string]float64{"": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
		"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40}[strings.ToLower(unit)]
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if !known || err != nil || math.IsNaN(n) {
		return fmt.Errorf("a size is a number of bytes, or a number with a unit such as 512MB, 1.5GB or 300MiB")
	}
	if n *= factor; n < 0 || n > 1e18 {
		return fmt.Errorf("a size is from 0 to 1000000 TB")
	}
	*s = size(n)
	return nil
}

// tolerance is how many failures a run goes on with: the flag --max-failures.
// The zero value goes on with any number.
type tolerance struct {
	text     string
	count    int
	percent  float64 // of the finished inputs, where relative
	relative bool
}

// fewFailures is how many failures a share of the finished inputs needs to mean
// anything.
const fewFailures = 10

func (t *tolerance) String() string { return t.text }

// Type is for the generated texts.
func (t *tolerance) Type() string { return "number" }

// Set reads the flag's value: a number, or a percentage.
func (t *tolerance) Set(text string) error {
	if share, ok := strings.CutSuffix(text, "%"); ok {
		p, err := strconv.ParseFloat(share, 64)
		if err != nil || !(p >= 0 && p < 100) {
			return fmt.Errorf("a share of the inputs is from 0%% to below 100%%")
		}
		*t = tolerance{text: text, percent: p, relative: true}
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return fmt.Errorf("it is a number of inputs, 0 or more, or a share of them such as 5%%")
	}
	*t = tolerance{text: text, count: n}
	return nil
}

// exceeded reports whether so many failures are too many.
func (t *tolerance) exceeded(failed, finished int) bool {
	if t.relative {
		return failed >= fewFailures && 100*float64(failed) > t.percent*float64(finished)
	}
	return failed > t.count
}
