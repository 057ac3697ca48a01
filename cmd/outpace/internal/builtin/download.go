package builtin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

const (
	chunk      = 8192             // bytes of a body that are read, and written, at once
	patience   = 30 * time.Second // for each step: to connect, to answer, and for each read
	headers    = 64 << 10         // bytes of an answer's headers that are taken
	fetchLimit = 1 << 30          // bytes of a body that are taken into memory
)

// web downloads as examples/suites/download.py does, so that they can be compared:
// a new connection for each URL, straight to its host without a proxy, HTTP/1.1,
// nothing compressed. As no connection is kept, there is none to close in the end.
type web struct{ client *http.Client }

func newWeb() web {
	dialer := &net.Dialer{Timeout: patience}
	plain := new(http.Protocols)
	plain.SetHTTP1(true)
	return web{&http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return impatient{conn}, nil
		},
		DisableKeepAlives:      true,
		DisableCompression:     true,
		Protocols:              plain,
		TLSHandshakeTimeout:    patience,
		ReadBufferSize:         chunk,
		MaxResponseHeaderBytes: headers,
	}}}
}

// impatient is a connection whose reads have a time-out each: a large body may
// take as long as it likes while it comes.
type impatient struct{ net.Conn }

// Read reads within patience.
func (c impatient) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

// get asks for a URL. An answer that is not a success is an error.
func (w web) get(ctx context.Context, url string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := w.client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return nil, errors.Join(fmt.Errorf("%s answers %s", url, response.Status), response.Body.Close())
	}
	return response.Body, nil
}

// download writes what is behind a URL into a temporary file, chunk by chunk.
func (w web) download(ctx context.Context, url string) (size int64, err error) {
	body, err := w.get(ctx, url)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	file, err := os.CreateTemp("", "outpace-download-*")
	if err != nil {
		return 0, err
	}
	// Where a file can go while it is open (not on Windows), it goes at once: a
	// command that is killed leaves none.
	gone := os.Remove(file.Name()) == nil
	defer func() {
		err = errors.Join(err, file.Close())
		if !gone {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	return io.CopyBuffer(plainWriter{file}, body, make([]byte, chunk))
}

// plainWriter hides the other methods of a file: with them, io.CopyBuffer would
// choose the size of the chunks itself.
type plainWriter struct{ io.Writer }

// fetch reads what is behind a URL into memory.
func (w web) fetch(ctx context.Context, url string) (size int64, err error) {
	body, err := w.get(ctx, url)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	content, err := io.ReadAll(io.LimitReader(body, fetchLimit+1))
	if err == nil && len(content) > fetchLimit {
		err = fmt.Errorf("%s is larger than the %d bytes that go:fetch takes into memory; use go:download", url, fetchLimit)
	}
	return int64(len(content)), err
}
