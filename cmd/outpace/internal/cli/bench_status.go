package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
	"github.com/outpace-run/outpace/cmd/outpace/internal/ui"
)

// benchStatus tells where a bench stands, on standard error.
type benchStatus struct {
	out  *os.File
	line *ui.Line // nil where nothing is told, or data
	json bool
	what string // the experiment of a suite
}

func (b *benchFlags) newStatus(stderr *os.File) *benchStatus {
	s := &benchStatus{out: stderr}
	kind := b.progressKind(stderr)
	switch {
	case b.quiet || kind == "none":
	case kind == "json":
		s.json = true
	case kind == "tty":
		s.line = ui.NewLine(stderr, func() int { return columns(stderr) })
	default:
		s.line = ui.NewLine(stderr, nil)
	}
	return s
}

// progressRecord is a line of --progress json.
type progressRecord struct {
	Event   string  `json:"event"`
	Time    string  `json:"time"`
	Suite   string  `json:"suite,omitempty"`
	Func    string  `json:"function"`
	Round   int     `json:"round"`
	Rounds  int     `json:"rounds"`
	Model   string  `json:"model"`
	Workers int     `json:"workers"`
	Done    int     `json:"done"`
	Of      int     `json:"of"`
	Left    float64 `json:"left_seconds"`
}

// tell is told before each run.
func (s *benchStatus) tell(p bench.Progress) {
	switch {
	case s.json:
		_ = json.NewEncoder(s.out).Encode(progressRecord{
			Event: "bench_run", Time: ui.Timestamp(), Suite: s.what, Func: p.Cell.Function,
			Round: p.Round, Rounds: p.Rounds, Model: p.Cell.Model, Workers: p.Cell.Workers, Done: p.Done, Of: p.Of, Left: p.Left,
		}) // nobody reads
	case s.line != nil:
		text := progressText(p)
		if s.what != "" {
			text = s.what + ": " + text
		}
		s.line.Tell(text)
	}
}

func progressText(p bench.Progress) string {
	round := "warm-up"
	if p.Round > 0 {
		round = fmt.Sprintf("round %d of %d", p.Round, p.Rounds)
	}
	text := fmt.Sprintf("%s: %s %s, run %d of %d", round, p.Cell.Model, p.Cell.Width(), p.Done+1, p.Of)
	if p.Left > 0 {
		text += ", " + ui.Took(time.Duration(p.Left*float64(time.Second))) + " left"
	}
	return text
}

func (s *benchStatus) end() {
	if s.line != nil {
		s.line.End()
	}
}
