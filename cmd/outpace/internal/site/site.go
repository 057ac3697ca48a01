// Package site is an HTTP server on this machine for measuring downloads: how
// long an answer takes, how long it is, and how many are given at once is known.
//
//	request ──► line ───────► latency ──► pieces, each with a time-out ──► client
//	            at most        a timer     page i: the same bytes whenever
//	            Capacity       each        it is asked for, others than
//	            get past it                those of every other page
//
// A request is served from the end of the line to its last byte, the latency
// included. So a site with a capacity of 4 is no faster for 16 clients than for 4.
package site

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"
)

// Options says how a site answers. The zero value answers at once, with empty
// pages, as many requests at a time as there are.
type Options struct {
	Latency  time.Duration // until the first byte of an answer, once its turn has come
	Size     int64         // bytes of a page
	Capacity int           // requests served at once, the others wait in line; 0: no bound
}

// Counts is what a site has done.
type Counts struct {
	Served     int // answers given in full, those that are errors too
	Now        int // requests being served
	MostAtOnce int // the largest that Now ever was
}

// patience is how long a client may take to send its request's headers, to take
// one piece of an answer, or to ask again on the same connection.
const patience = 30 * time.Second

// headerLimit bounds the headers of a request, in bytes.
const headerLimit = 8 << 10

// Site is a server that runs. It is made by Start and must be closed.
type Site struct {
	opts   Options
	root   string        // URL of the server
	places chan struct{} // one for each request being served; nil: no bound
	cancel context.CancelFunc
	all    sync.WaitGroup // every goroutine of the server's

	mu     sync.Mutex
	counts Counts
	err    error // why the server ended, unless by Close
}

// Start makes a site on a free port of 127.0.0.1. It serves until it is closed
// or ctx is done; it must be closed in that case too. Start fails if an option
// is negative, or there is no port to be had.
func Start(ctx context.Context, opts Options) (*Site, error) {
	if opts.Latency < 0 || opts.Size < 0 || opts.Capacity < 0 {
		return nil, fmt.Errorf("a site's latency, size and capacity are 0 or more, not %v, %d and %d", opts.Latency, opts.Size, opts.Capacity)
	}
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("no port for the site: %w", err)
	}
	s := &Site{opts: opts, root: "http://" + listener.Addr().String()}
	if opts.Capacity > 0 {
		s.places = make(chan struct{}, opts.Capacity)
	}
	ctx, s.cancel = context.WithCancel(ctx)
	server := s.server(ctx)
	s.all.Go(func() { s.ended(server.Serve(listener)) })
	s.all.Go(func() {
		<-ctx.Done()
		s.ended(server.Close())
	})
	return s, nil
}

// URL is the address of page i. Every i is a page of its own.
func (s *Site) URL(i int) string { return fmt.Sprintf("%s/page/%d", s.root, i) }

// Status is an address that answers with an error, from 400 to 599, after the
// same time and in the same line as a page.
func (s *Site) Status(code int) string { return fmt.Sprintf("%s/status/%d", s.root, code) }

// Counts returns what the site has done so far. An answer is counted before its
// client can have noticed that it is complete.
func (s *Site) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

// Close ends the site. Requests that are being served or wait in line are cut
// off. It returns when no goroutine of the site's is left, with the error that
// had ended the server before, if one had. It may be called more than once.
func (s *Site) Close() error {
	s.cancel()
	s.all.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *Site) ended(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		s.err = errors.Join(s.err, err)
	}
	s.cancel() // a server that cannot accept any more has no use for its connections
}

// Content is what page i of a site holds.
func Content(i int, size int64) io.Reader {
	var seed [32]byte
	copy(seed[:], fmt.Sprintf("page %d", i))
	return io.LimitReader(rand.NewChaCha8(seed), size)
}

func (s *Site) server(ctx context.Context) *http.Server {
	pages := http.NewServeMux()
	pages.HandleFunc("GET /page/{i}", s.inTurn(s.page))
	pages.HandleFunc("GET /status/{code}", s.inTurn(s.status))
	return &http.Server{
		Handler:           pages,
		ReadHeaderTimeout: patience,
		IdleTimeout:       patience,
		MaxHeaderBytes:    headerLimit,
		ErrorLog:          log.New(io.Discard, "", 0), // what a client does wrong is the client's to report
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnState: func(_ net.Conn, state http.ConnState) { // the only way to wait for a connection's goroutine
			switch state {
			case http.StateNew:
				s.all.Add(1)
			case http.StateClosed:
				s.all.Done()
			}
		},
	}
}
