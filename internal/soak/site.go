package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/python"
)

//go:embed functions.py
var functions []byte

const (
	ourVariable   = "OUTPACE_SOAK"       // is in the environment of all that comes of us
	roundVariable = "OUTPACE_SOAK_ROUND" // … of the workers of one round
)

// site is where the soak takes place: folders of its own, and what there was of
// everything before the first round.
type site struct {
	dir           string // of all that we write
	temp          string // for temporary files; empty between rounds
	mark          string // what is in the environment of all that comes of us
	before, after holding
	samples       []sample
}

// holding is how much we have open between rounds.
type holding struct{ goroutines, descriptors int }

func held() holding { return holding{runtime.NumGoroutine(), len(descriptors())} }

// newSite makes the folders and sets the environment.
func newSite() (*site, error) {
	dir, err := os.MkdirTemp("", "outpace-soak-")
	if err != nil {
		return nil, err
	}
	s := &site{dir: dir, temp: filepath.Join(dir, "temp")}
	id := filepath.Base(dir)
	s.mark = ourVariable + "=" + id
	err = errors.Join(
		os.Mkdir(s.temp, 0o700),
		os.WriteFile(s.module(), functions, 0o600),
		os.Setenv(ourVariable, id),
		os.Setenv("TMPDIR", s.temp),
		os.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache")),
	)
	return s, err
}

// module is the file of the Python functions.
func (s *site) module() string { return filepath.Join(s.dir, "soak_functions.py") }

// function is what runs at a place outside of this process.
func (s *site) function(p place) outpace.Function[input, output] {
	switch p {
	case inPython:
		return python.Func[input, output](s.module() + ":run")
	case inLoop:
		return python.Func[input, output](s.module() + ":run_async")
	}
	return remote()
}

// settle runs one task at each place, so that what is made once is there.
func (s *site) settle() error {
	for _, p := range []place{inGoroutine, inChild, inPython, inLoop} {
		r := &round{place: p, processes: 1, tasks: 1}
		ex, err := outpace.New(context.Background(), r.model(roundVariable+"=0"))
		if err != nil {
			return err
		}
		f := s.function(p)
		if p == inGoroutine {
			f = (&home{ex: ex}).local()
		}
		_, err = outpace.Submit(context.Background(), ex, f, input{Do: "value"}).Result(context.Background())
		if err := errors.Join(err, ex.Close()); err != nil {
			return fmt.Errorf("before the first round: %s: %w", p, err)
		}
	}
	return nil
}

// note notes what there is of everything, once the last of what settle started
// has ended.
func (s *site) note() {
	for steady := 0; steady < 10; steady++ {
		time.Sleep(20 * time.Millisecond)
		if now := held(); now != s.before {
			s.before, steady = now, 0
		}
	}
}

// leaks says what was left behind between two rounds, if it does not go away
// within 10 s.
func (s *site) leaks() []string {
	var left []string
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if left = s.leftovers(); len(left) == 0 || time.Now().After(end) {
			return left
		}
	}
}

func (s *site) leftovers() (left []string) {
	for _, p := range s.ours() {
		left = append(left, "process "+p.String())
	}
	s.after = held()
	if s.after.goroutines > s.before.goroutines {
		left = append(left, fmt.Sprintf("%d goroutines, %d before the first round:\n%s", s.after.goroutines, s.before.goroutines, stacks()))
	}
	if s.after.descriptors > s.before.descriptors {
		left = append(left, fmt.Sprintf("%d open descriptors, %d before the first round: %q", s.after.descriptors, s.before.descriptors, descriptors()))
	}
	files, err := os.ReadDir(s.temp)
	if err != nil {
		left = append(left, err.Error())
	}
	for _, f := range files {
		left = append(left, "temporary file "+f.Name())
	}
	return left
}

// races returns what the race detector of this process, and of Go workers, has
// to say since the last time: the files that GORACE="log_path=…" names.
func (s *site) races() (found []string) {
	for option := range strings.FieldsSeq(os.Getenv("GORACE")) {
		path, ok := strings.CutPrefix(option, "log_path=")
		if !ok {
			continue
		}
		files, _ := filepath.Glob(path + ".*")
		for _, f := range files {
			text, _ := os.ReadFile(f)
			found = append(found, string(text))
			_ = os.Remove(f)
		}
	}
	return found
}

// ours lists the processes that come of us, wherever they are.
func (s *site) ours() []entry {
	return living(func(p entry) bool {
		return p.pid != os.Getpid() && (p.parent == os.Getpid() || p.has(s.mark))
	})
}

// clear ends what comes of us, and removes what we wrote.
func (s *site) clear() {
	for _, p := range s.ours() {
		_ = send(p.pid, syscall.SIGKILL)
	}
	_ = os.RemoveAll(s.dir)
}

// stacks is what all goroutines do.
func stacks() []byte {
	text := make([]byte, 4<<20)
	return text[:runtime.Stack(text, true)]
}
