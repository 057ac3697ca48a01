package site_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/outpace-run/outpace/cmd/outpace/internal/site"
)

// start makes a site that the test's end closes.
func start(t *testing.T, opts site.Options) *site.Site {
	t.Helper()
	s, err := site.Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// get is a client with a connection for each request.
func get(ctx context.Context, address string) (int, []byte, error) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, body, err
}

// eventually polls until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
	}
}

// TestPages: each page is its own bytes, all of them, whatever its size is in pieces.
func TestPages(t *testing.T) {
	seen := map[string]int{}
	for _, size := range []int64{0, 100, 16 << 10, 16<<10 + 1, 200_000} {
		s := start(t, site.Options{Size: size})
		for i := range 3 {
			code, body, err := get(t.Context(), s.URL(i))
			if err != nil || code != http.StatusOK {
				t.Fatalf("page %d of %d bytes: %d, %v", i, size, code, err)
			}
			want, err := io.ReadAll(site.Content(i, size))
			if err != nil || int64(len(want)) != size || !bytes.Equal(body, want) {
				t.Errorf("page %d of %d bytes has %d bytes; equal: %v, %v", i, size, len(body), bytes.Equal(body, want), err)
			}
			seen[string(body)]++
		}
		if got := s.Counts(); got.Served != 3 {
			t.Errorf("counts %+v", got)
		}
	}
	if len(seen) != 1+4*3 {
		t.Errorf("%d different pages", len(seen))
	}
}

func TestStatus(t *testing.T) {
	s := start(t, site.Options{Size: 10})
	for address, want := range map[string]int{
		s.Status(404): 404, s.Status(503): 503, s.Status(200): 404,
		strings.Replace(s.URL(0), "page/0", "page/x", 1): 404, strings.Replace(s.URL(0), "page", "other", 1): 404,
	} {
		if code, body, err := get(t.Context(), address); err != nil || code != want {
			t.Errorf("%s: %d %q, %v; want %d", address, code, body, err, want)
		}
	}
}

// TestHeaders: a request cannot make the site hold as much as it likes.
func TestHeaders(t *testing.T) {
	s := start(t, site.Options{})
	if code, _, err := get(t.Context(), s.URL(0)+"?"+strings.Repeat("x", 100_000)); err == nil && code < 400 {
		t.Errorf("a request of 100 kB is answered: %d", code)
	}
}

// TestLatency: a lower bound only, as a machine may always be slower.
func TestLatency(t *testing.T) {
	const latency = 30 * time.Millisecond
	s := start(t, site.Options{Latency: latency, Size: 10})
	for _, address := range []string{s.URL(1), s.Status(500)} {
		began := time.Now()
		_, _, err := get(t.Context(), address)
		if took := time.Since(began); err != nil || took < latency {
			t.Errorf("%s took %v, %v", address, took, err)
		}
	}
}

// TestCapacity: no more are served at once than there are places for, and all in the end.
func TestCapacity(t *testing.T) {
	for _, capacity := range []int{0, 1, 3} {
		t.Run(fmt.Sprint(capacity), func(t *testing.T) {
			const requests = 12
			s := start(t, site.Options{Latency: 5 * time.Millisecond, Size: 1000, Capacity: capacity})
			var all sync.WaitGroup
			for i := range requests {
				all.Go(func() {
					if code, body, err := get(t.Context(), s.URL(i)); err != nil || code != 200 || len(body) != 1000 {
						t.Errorf("page %d: %d, %d bytes, %v", i, code, len(body), err)
					}
				})
			}
			all.Wait()
			got := s.Counts()
			if got.Served != requests || capacity > 0 && got.MostAtOnce > capacity {
				t.Errorf("counts %+v with a capacity of %d", got, capacity)
			}
		})
	}
}

// TestDisconnect: who goes away frees its place, while it is served and in line.
func TestDisconnect(t *testing.T) {
	s := start(t, site.Options{Latency: time.Hour, Capacity: 1})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var all sync.WaitGroup
	for i := range 3 {
		all.Go(func() {
			if _, _, err := get(ctx, s.URL(i)); err == nil {
				t.Error("an answer before its time")
			}
		})
	}
	eventually(t, "a request is served", func() bool { return s.Counts().Now == 1 })
	cancel()
	all.Wait()
	eventually(t, "all places are free", func() bool { return s.Counts().Now == 0 })
	if got := s.Counts(); got.Served != 0 || got.MostAtOnce != 1 {
		t.Errorf("counts %+v", got)
	}
}

// TestDisconnectAmid: a client that leaves its page unread lets the next one in.
func TestDisconnectAmid(t *testing.T) {
	s := start(t, site.Options{Size: 1 << 40, Capacity: 1})
	for i := range 3 {
		first := make([]byte, 10)
		response, err := http.Get(s.URL(i))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(response.Body, first); err != nil {
			t.Error(err)
		}
		_ = response.Body.Close() // with so much unread, the client closes its connection
	}
}

// TestClose: requests in each state are cut off, and none is taken for a page.
func TestClose(t *testing.T) {
	for name, opts := range map[string]site.Options{
		"latency": {Latency: time.Hour, Size: 1000},
		"line":    {Latency: time.Hour, Size: 1000, Capacity: 1},
		"body":    {Size: 1 << 40},
	} {
		t.Run(name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			s := start(t, opts)
			var all sync.WaitGroup
			for i := range 3 {
				all.Go(func() {
					if err := discard(t.Context(), s.URL(i)); err == nil {
						t.Error("an answer in full from a site that was closed")
					}
				})
			}
			eventually(t, "a request is served", func() bool { return s.Counts().MostAtOnce > 0 })
			for range 2 {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
			all.Wait()
			if _, _, err := get(t.Context(), s.URL(0)); err == nil {
				t.Error("the site answers after its end")
			}
			eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before })
		})
	}
}

// discard reads a page of any size; an answer that is an error is one.
func discard(ctx context.Context, address string) error {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("answers %s", response.Status)
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err
}

// TestContext: the end of the context ends the site, and Close waits for it.
func TestContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, err := site.Start(ctx, site.Options{Latency: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	address, err := url.Parse(s.URL(0))
	if err != nil {
		t.Fatal(err)
	}
	silent, err := net.Dial("tcp", address.Host) // a client that connects and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	cancel()
	if _, err := silent.Read(make([]byte, 1)); err == nil {
		t.Error("the site says something unasked")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestBadOptions(t *testing.T) {
	for _, opts := range []site.Options{{Latency: -1}, {Size: -1}, {Capacity: -1}} {
		if s, err := site.Start(t.Context(), opts); err == nil {
			t.Errorf("%+v are taken", opts)
			_ = s.Close()
		}
	}
}
