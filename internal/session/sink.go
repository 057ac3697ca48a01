package session

import "sync"

// maxEarly bounds the lines kept while nobody takes them.
const maxEarly = 100

// sink hands a worker's lines to whoever wants them at the time. It keeps the
// first lines until there is somebody.
type sink struct {
	mu    sync.Mutex
	log   func(string)
	early []string
}

// line takes a line that the worker printed, or one about it.
func (s *sink) line(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.log != nil:
		s.log(text)
	case len(s.early) < maxEarly:
		s.early = append(s.early, text)
	}
}

// open hands lines to log from now on, those kept first. A nil log changes
// nothing.
func (s *sink) open(log func(string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if log == nil {
		return
	}
	s.log = log
	for _, text := range s.early {
		log(text)
	}
	s.early = nil
}
