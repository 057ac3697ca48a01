package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/outpace-run/outpace/process"
)

func TestMain(m *testing.M) {
	process.Main(remote())
	os.Exit(m.Run())
}

// TestDraw: a round is the same for the same seed and number, and whatever can
// happen does so sooner or later.
func TestDraw(t *testing.T) {
	happens := map[string]bool{}
	for number := 1; number <= 3000; number++ {
		r := draw(1, number)
		if number <= 100 && r.String() != draw(1, number).String() {
			t.Errorf("round %d is not the same twice", number)
		}
		if number <= 100 && r.String() == strings.Replace(draw(2, number).String(), "seed 2", "seed 1", 1) {
			t.Errorf("round %d does not depend on the seed", number)
		}
		happens[r.place.String()], happens[string(r.assault)], happens["executor: "+string(r.ending)] = true, true, true
		for _, o := range r.options() {
			name, _, _ := strings.Cut(o.text, "(")
			happens[name] = true
		}
		for _, calls := range r.calls {
			for _, c := range calls {
				happens[c.verb], happens["call: "+string(c.ending)] = true, true
				for _, in := range c.inputs {
					happens["deed: "+in.Do] = true
				}
			}
		}
	}
	all := []string{
		"goroutines", "process", "python", "python async", string(killing), string(pausing), string(freezing),
		"Map", "MapItems", "MapUnordered", "AsCompleted", "Gather", "Wait", "Go",
		"Retries", "Backoff", "RetryIf", "Timeout", "Grace", "Window", "Queue", "MemoryLimit", "MaxTasks", "IdleLimit", "MaxDeaths",
	}
	for _, e := range []ending{natural, closing, shuttingDown, shuttingHard, contextDone, crashLooping} {
		all = append(all, "executor: "+string(e))
	}
	for _, e := range []ending{natural, cancelling, leaving, stoppingOn, failingFast, stoppingIf, sourcePanics, givingUp} {
		all = append(all, "call: "+string(e))
	}
	for _, d := range deeds() {
		all = append(all, "deed: "+d.name)
	}
	for _, what := range all {
		if !happens[what] {
			t.Errorf("in 3000 rounds there is no %q", what)
		}
	}
}

// ground makes a site whose changes of the environment end with the test.
func ground(t *testing.T) *site {
	if runtime.GOOS != "linux" {
		t.Skip("the soak needs Linux")
	}
	for _, name := range []string{"TMPDIR", "XDG_CACHE_HOME", ourVariable} {
		t.Setenv(name, os.Getenv(name))
	}
	t.Setenv("TMPDIR", t.TempDir())
	s, err := newSite()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.clear)
	s.note()
	return s
}

// TestLeftovers: what is left behind is found, and ended by clear.
func TestLeftovers(t *testing.T) {
	s := ground(t)
	if left := s.leaks(); len(left) > 0 {
		t.Fatalf("before anything: %q", left)
	}
	hold := make(chan struct{})
	go func() { <-hold }()
	file, err := os.Create(filepath.Join(s.temp, "forgotten"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("setsid", "-f", "sleep", "1000")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{"sleep 1000", "goroutines, ", "open descriptors, ", "temporary file forgotten"} {
		eventually(t, what, func() bool { return strings.Contains(strings.Join(s.leftovers(), "\n"), what) })
	}
	_ = file.Close()
	close(hold)
	s.clear()
	if err := os.MkdirAll(s.temp, 0o700); err != nil {
		t.Fatal(err)
	}
	if left := s.leaks(); len(left) > 0 {
		t.Errorf("after clear: %q", left)
	}
}

// eventually waits until cond holds.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !cond(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}

// TestGrowth: memory that grows is told of, noise is not.
func TestGrowth(t *testing.T) {
	for _, test := range []struct {
		heap  func(i int) int64
		grows bool
	}{
		{func(i int) int64 { return int64(5+i%3) << 20 }, false},
		{func(i int) int64 { return int64(5+i) << 20 }, true},
	} {
		var s site
		for i := range 12 {
			s.samples = append(s.samples, sample{heap: test.heap(i)})
		}
		if m, problem := s.growth(); (problem != "") != test.grows || m.final.heap != test.heap(11) {
			t.Errorf("%+v: %q", m, problem)
		}
	}
}

// TestSoak: the command runs a few rounds of its own, and says so.
func TestSoak(t *testing.T) {
	ground(t)
	var out strings.Builder
	if code := run([]string{"--seconds", "1", "--seed", "1"}, &out); code != 0 || !strings.Contains(out.String(), "soak: everything is as it must be") {
		t.Errorf("exit code %d:\n%s", code, &out)
	}
	for _, bad := range []string{"--seconds=0", "--seed=x", "more"} {
		if code := run([]string{bad}, &out); code != 2 {
			t.Errorf("%s: exit code %d", bad, code)
		}
	}
}
