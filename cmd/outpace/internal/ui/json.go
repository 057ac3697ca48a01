package ui

import (
	"io"
	"sync"
	"time"

	"github.com/outpace-run/outpace"
)

// JSON is the printer for programs: every event is a line of JSON; docs/events.md
// has the schema.
type JSON struct {
	mu  sync.Mutex
	out io.Writer
}

// NewJSON returns a printer of JSON Lines.
func NewJSON(out io.Writer) *JSON { return &JSON{out: out} }

// event is a line. Fields that a kind of event does not have are left out.
type event struct {
	Event   string   `json:"event"`
	Time    string   `json:"time"`
	Index   *int     `json:"index,omitempty"`
	Count   int      `json:"count,omitempty"`
	Worker  int      `json:"worker,omitempty"`
	Attempt int      `json:"attempt,omitempty"`
	Wall    *float64 `json:"wall_s,omitempty"`
	CPU     *float64 `json:"cpu_s,omitempty"`
	Delay   *float64 `json:"delay_s,omitempty"`
	Error   *Fault   `json:"error,omitempty"`
	Line    *string  `json:"line,omitempty"`
	Message string   `json:"message,omitempty"`
	Detail  string   `json:"detail,omitempty"`

	Plan  *plan  `json:"plan,omitempty"`
	Total *int64 `json:"total,omitempty"`

	Summary *summary `json:"summary,omitempty"`
}

type plan struct {
	Model string   `json:"model"`
	Shape string   `json:"shape"`
	Why   string   `json:"why"`
	Notes []string `json:"notes"`
}

type summary struct {
	Done      int64   `json:"done"`
	Failed    int64   `json:"failed"`
	Cancelled int64   `json:"cancelled"`
	Retried   int64   `json:"retried"`
	Skipped   int64   `json:"skipped"`
	Lost      int64   `json:"workers_lost"`
	Rerun     int64   `json:"rerun"`
	Took      float64 `json:"took_s"`
	Exit      int     `json:"exit"`

	Failures []group `json:"failures"`
}

// group is a Group; what its failures do not have in common is null.
type group struct {
	Count   int64   `json:"count"`
	Type    *string `json:"type"`
	Message *string `json:"message"`
	Cause   *string `json:"cause"`
	First   int     `json:"first"`
}

func inJSON(list []Group) []group {
	out := make([]group, len(list))
	for i, g := range list {
		out[i] = group{g.Count, &g.Type, &g.Message, &g.Cause, g.First}
		if g.Mixed {
			out[i].Message = nil
		}
		if g.Type == "" {
			out[i].Type, out[i].Cause = nil, nil
		}
	}
	return out
}

func (j *JSON) write(e event) {
	e.Time = Timestamp()
	line := append(Marshal(e), '\n')
	j.mu.Lock()
	defer j.mu.Unlock()
	_, _ = j.out.Write(line) // see Printer
}

// Start writes the event "started".
func (j *JSON) Start(p outpace.Plan, counter *Counter) {
	e := event{Event: "started", Plan: &plan{p.Model, p.Shape.String(), p.Why, append([]string{}, p.Notes...)}}
	if total := counter.Counts().Total; total >= 0 {
		e.Total = &total
	}
	j.write(e)
}

// Event writes an event of the executor.
func (j *JSON) Event(ev outpace.Event) {
	e := event{Event: ev.Kind.String(), Worker: ev.Worker, Attempt: ev.Attempt}
	switch ev.Kind {
	case outpace.TaskStarted, outpace.TaskFinished, outpace.TaskRetried, outpace.TaskRequeued:
		e.Index, e.Count = &ev.Index, ev.Count
	case outpace.WorkerLog:
		e.Line = &ev.Line
	case outpace.TaskWarned:
		e.Index, e.Line = &ev.Index, &ev.Line
	}
	if ev.Kind == outpace.TaskFinished || ev.Kind == outpace.WorkerStarted {
		e.Wall = inSeconds(ev.Wall)
	}
	if ev.Kind == outpace.TaskFinished && ev.CPU >= 0 {
		e.CPU = inSeconds(ev.CPU)
	}
	if ev.Kind == outpace.TaskRetried {
		e.Delay = inSeconds(ev.Delay)
	}
	if ev.Err != nil {
		fault := FaultOf(ev.Err)
		e.Error = &fault
	}
	j.write(e)
}

func inSeconds(d time.Duration) *float64 {
	s := d.Seconds()
	return &s
}

// Failed writes nothing: the event of the task told it.
func (j *JSON) Failed(Failure) {}

// Message writes the event "message".
func (j *JSON) Message(text, detail string) {
	j.write(event{Event: "message", Message: text, Detail: detail})
}

// Finish writes the event "finished".
func (j *JSON) Finish(s Summary) {
	j.write(event{Event: "finished", Summary: &summary{s.Done, s.Failed, s.Cancelled, s.Retried, s.Skipped, s.Lost, s.Rerun,
		s.Took.Seconds(), s.Exit, inJSON(s.Failures)}})
}

// Timestamp is the present time as every JSON event has it: UTC, to the
// microsecond.
func Timestamp() string { return time.Now().UTC().Format("2006-01-02T15:04:05.000000Z") }
