package bench

import (
	"context"
	"encoding/json"
	"hash/maphash"
	"slices"
	"time"

	"github.com/outpace-run/outpace"
)

// pass is one run of all inputs through a cell.
//
//	ready: start P workers, load ──► clock ──► Map, digests ──► clock ──► shut down
//	                                   └── memory, looked at every so often ──┘
type pass struct {
	subject Subject
	entry   Entry
	inputs  []json.RawMessage
	rules   Rules
	seed    maphash.Seed
}

// endWait is how long workers may take to end by themselves after a pass.
const endWait = 5 * time.Second

// run runs the inputs and returns what was measured and what came of each. An
// error is for a pass that could not come to its end.
func (p pass) run(ctx context.Context) (Run, *outcome, error) {
	team := newTeam(p.subject.Model(p.entry.Model, p.entry.Shape), p.subject.Func)
	defer team.discard()
	var model outpace.Model = team
	if p.subject.Func.Local() { // the executor itself runs it
		model = team.Model
	}
	begin := time.Now()
	if !p.rules.Cold {
		if err := team.ready(ctx); err != nil {
			return Run{}, nil, err
		}
	}
	ex, err := outpace.New(ctx, model, p.rules.Options...)
	if err != nil {
		return Run{}, nil, err
	}
	_, leave := ex.Share(ctx)
	leave()                           // tasks that wait for one another are found
	defer func() { _ = ex.Close() }() // again, where the run came to its end
	run, got, err := p.measure(ctx, ex, team, begin)
	if err != nil {
		return Run{}, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, endWait)
	defer cancel()
	return run, got, ex.Shutdown(ctx)
}

// measure takes the time of the Map. What the clocks of the workers say is asked
// for outside of it.
func (p pass) measure(ctx context.Context, ex *outpace.Executor, team *team, begin time.Time) (Run, *outcome, error) {
	got := newOutcome(len(p.inputs), p.seed)
	watch := watchMemory(team)
	cpu := -team.cpu()
	if !p.rules.Cold {
		begin = time.Now()
	}
	for s, err := range outpace.MapSpans(ctx, ex, p.subject.Func, slices.Values(p.inputs)) {
		if err != nil {
			watch.end()
			return Run{}, nil, err
		}
		got.take(s.Index, s.Values, s.Err)
	}
	took := time.Since(begin)
	return Run{Seconds: took.Seconds(), CPU: max(0, cpu+team.cpu()).Seconds(), Start: team.startTook().Seconds(), Memory: watch.end()}, got, nil
}
