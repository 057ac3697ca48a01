package site

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"
)

// piece is how much of a page is written at once, in bytes.
const piece = 16 << 10

// inTurn makes a handler that answers when its turn has come and the latency is
// over. A client that goes away meanwhile leaves the line, or frees its place.
func (s *Site) inTurn(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.enter(r.Context()) {
			http.Error(w, "the site is closing", http.StatusServiceUnavailable) // nobody reads it; but a page it is not
			return
		}
		defer s.leave()
		if !pause(r.Context(), s.opts.Latency) {
			http.Error(w, "the site is closing", http.StatusServiceUnavailable)
			return
		}
		answer(w, r)
	}
}

// enter waits in line for a place. It reports false if ctx was done before.
func (s *Site) enter(ctx context.Context) bool {
	if s.places != nil {
		select {
		case s.places <- struct{}{}: // who has waited longest is let in first
		case <-ctx.Done():
			return false
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Now++
	s.counts.MostAtOnce = max(s.counts.MostAtOnce, s.counts.Now)
	return true
}

func (s *Site) leave() {
	s.mu.Lock()
	s.counts.Now--
	s.mu.Unlock()
	if s.places != nil {
		<-s.places
	}
}

// pause reports false if ctx was done before the time was over.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s *Site) page(w http.ResponseWriter, r *http.Request) {
	i, err := strconv.Atoi(r.PathValue("i"))
	if err != nil {
		s.answer(w, http.StatusNotFound, http.NoBody, 0)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	s.answer(w, http.StatusOK, Content(i, s.opts.Size), s.opts.Size)
}

func (s *Site) status(w http.ResponseWriter, r *http.Request) {
	code, err := strconv.Atoi(r.PathValue("code"))
	if err != nil || code < 400 || code > 599 {
		code = http.StatusNotFound
	}
	s.answer(w, code, http.NoBody, 0)
}

// answer writes size bytes of body in pieces. It has no limit for the whole: a
// large page may take its time as long as the client takes piece after piece.
func (s *Site) answer(w http.ResponseWriter, code int, body io.Reader, size int64) {
	control := http.NewResponseController(w)
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	w.WriteHeader(code)
	for left := size; ; left -= piece {
		_ = control.SetWriteDeadline(time.Now().Add(patience)) // cannot fail on a connection of net/http's
		if left <= piece {
			s.served()
		}
		if _, err := io.CopyN(w, body, min(left, piece)); err != nil || left <= piece {
			return // after an error the client has gone, or takes nothing: the server ends the connection
		}
	}
}

// served counts an answer before its last piece is written: who has read that
// finds it counted.
func (s *Site) served() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Served++
}
