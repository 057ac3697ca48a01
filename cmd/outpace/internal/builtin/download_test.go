package builtin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/outpace-run/outpace"
)

// content is what there is to download.
func content() []byte { return bytes.Repeat([]byte("0123456789"), 10_000) }

// routes is a server with every kind of answer that a client must understand.
func routes(t *testing.T) http.Handler {
	mux := http.NewServeMux()
	handle := func(name string, h http.HandlerFunc) { mux.HandleFunc("/"+name, h) }
	raw := func(name, answer string) {
		handle(name, func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			if _, err := conn.Write([]byte(answer)); err != nil {
				t.Error(err)
			}
		})
	}
	all := content()
	handle("plain", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(all)))
		_, _ = w.Write(all)
	})
	handle("chunked", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "Checked")
		for left := all; len(left) > 0; left = left[min(33_333, len(left)):] {
			_, _ = w.Write(left[:min(33_333, len(left))])
			w.(http.Flusher).Flush()
		}
		w.Header().Set("Checked", "yes")
	})
	handle("nothing", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	handle("hop/{n}", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.PathValue("n"))
		next := fmt.Sprint("../hop/", n-1)
		if n == 1 {
			next = "/plain?after=hops"
		}
		w.Header().Set("Location", next)
		w.WriteHeader(http.StatusFound)
	})
	handle("broken", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "broken", 500) })
	handle("never", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	handle("cutchunk", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(all[:5000])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	raw("hint", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"+string(all))
	raw("toend", "HTTP/1.0 200 OK\r\n\r\n"+string(all))
	raw("cut", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"+string(all[:500]))
	raw("silent", "")
	raw("nonsense", "Good evening\r\n\r\n")
	raw("headers", "HTTP/1.1 200 OK\r\n"+strings.Repeat("A: b\r\n", 200)+"\r\n")
	raw("longline", "HTTP/1.1 200 OK\r\nA: "+strings.Repeat("b", 300_000)+"\r\n\r\n")
	return mux
}

// answer is an address, and what a client makes of it: a result, or in Python an
// exception of a class.
type answer struct{ url, want, raised string }

// answers lists them; gone is the address of a server that is no more.
func answers(plain, secure, gone string) []answer {
	size := strconv.Itoa(len(content()))
	return []answer{
		{plain + "/plain", size, ""},
		{plain + "/chunked", size, ""},
		{plain + "/hint", size, ""},
		{plain + "/toend", size, ""},
		{plain + "/nothing", "0", ""},
		{plain + "/hop/5", size, ""},
		{secure + "/plain", size, ""},
		{plain + "/hop/30", "", "HTTPError"},
		{plain + "/missing", "", "HTTPError"},
		{plain + "/broken", "", "HTTPError"},
		{plain + "/cut", "", "IncompleteRead"},
		{plain + "/cutchunk", "", "IncompleteRead"},
		{plain + "/silent", "", "RemoteDisconnected"},
		{plain + "/nonsense", "", "BadStatusLine"},
		{plain + "/headers", "", "HTTPException"},
		{plain + "/longline", "", "LineTooLong"},
		{plain + "/never", "", "TimeoutError"},
		{gone, "", "URLError"},
		{strings.Replace(secure, "127.0.0.1", "localhost", 1), "", "URLError"},
		{"other://127.0.0.1/", "", "URLError"},
		{plain + "/a b", "", "InvalidURL"},
	}
}

// TestDownloads: the three clients, each into a file and into memory, make the
// same of every answer, and leave no file behind.
func TestDownloads(t *testing.T) {
	handler := routes(t)
	plain, secure, gone := httptest.NewServer(handler), httptest.NewUnstartedServer(handler), httptest.NewServer(handler)
	defer plain.Close()
	gone.Close()
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // it is asked under a name that is not its own, too
	secure.StartTLS()
	defer secure.Close()
	trusted, temporary := filepath.Join(t.TempDir(), "trusted.pem"), t.TempDir()
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	if err := os.WriteFile(trusted, text, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSL_CERT_FILE", trusted)
	t.Setenv("TMPDIR", temporary)
	t.Setenv("http_proxy", gone.URL) // goes unused

	all := answers(plain.URL, secure.URL, gone.URL)
	pythonDownloads(t, plain.URL, all)
	goDownloads(t, all)
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func pythonDownloads(t *testing.T, server string, all []answer) {
	var calls []pyCall
	var want []outcome
	for _, a := range all {
		for _, module := range []string{"download", "download_async"} {
			calls = append(calls, pyCall{module, "download", a.url}, pyCall{module, "fetch", a.url})
			want = append(want, outcome{a.want, a.raised}, outcome{a.want, a.raised})
		}
	}
	sum := sha256.Sum256(content())
	for _, name := range []string{"plain", "chunked", "toend"} { // what is handed on is what was sent
		calls = append(calls, pyCall{"__main__", "digest", server + "/" + name})
		want = append(want, outcome{strconv.Quote(hex.EncodeToString(sum[:])), ""})
	}
	for i, got := range python(t, calls) {
		got.raised = strings.Replace(got.raised, "timeout", "TimeoutError", 1) // its name before Python 3.10
		if got != want[i] {
			t.Errorf("%s.%s(%s) = %s; want %s", calls[i].module, calls[i].function, calls[i].argument, got, want[i])
		}
	}
}

func goDownloads(t *testing.T, all []answer) {
	for _, a := range all {
		switch {
		case strings.HasSuffix(a.url, "/never"), strings.HasSuffix(a.url, "/headers"):
			continue // Go has a fixed patience, and counts bytes of headers rather than lines
		case strings.HasPrefix(a.url, "https") && runtime.GOOS != "linux":
			continue // there it asks the system for the certificates to trust
		}
		for _, name := range []string{"download", "fetch"} {
			if got, err := call(t, name, strconv.Quote(a.url)); got != a.want || (err == nil) != (a.raised == "") {
				t.Errorf("go:%s(%s) = %s, %v; want %s%s", name, a.url, got, err, a.want, a.raised)
			}
		}
	}
}

// TestDownloadCancelled: who gives up a download need not wait for its server.
func TestDownloadCancelled(t *testing.T) {
	asked := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	}))
	defer server.Close()
	ex, err := outpace.New(t.Context(), outpace.Threads(1))
	if err != nil {
		t.Fatal(err)
	}
	defer ex.Close()
	for _, e := range All() {
		if e.Name == "download" {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			future := outpace.Submit(ctx, ex, e.Func, []byte(strconv.Quote(server.URL)))
			<-asked
			cancel()
			if _, err := future.Result(t.Context()); err == nil {
				t.Error("a result from a server that gives none")
			}
		}
	}
}
