//go:build linux || darwin

package sharing_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/examples/sharing"
	"github.com/outpace-run/outpace/process"
	"github.com/outpace-run/outpace/python"
	"github.com/outpace-run/outpace/share"
)

// functions are what the Go tests run, and their workers.
type functions struct {
	add, addTwice, lose outpace.Function[sharing.Sum, int]
	fetch               outpace.Function[string, int64]
	find                outpace.Function[int, int]
}

func inGo() functions {
	return functions{
		add:      outpace.Func("add", sharing.Add),
		addTwice: outpace.Func("add_twice", sharing.AddTwice),
		lose:     outpace.Func("lose", sharing.Lose),
		fetch:    outpace.Func("fetch", sharing.Fetch),
		find:     outpace.Func("find", sharing.Find),
	}
}

func TestMain(m *testing.M) {
	f := inGo()
	process.Main(f.add, f.addTwice, f.lose, f.fetch, f.find)
	os.Exit(m.Run())
}

// open makes an executor that ends with the test.
func open(t *testing.T, m outpace.Model, opts ...outpace.Option) *outpace.Executor {
	t.Helper()
	ex, err := outpace.New(t.Context(), m, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ex.Close(); err != nil {
			t.Error(err)
		}
	})
	return ex
}

// all maps a function over inputs, none of which may fail.
func all[In, Out any](t *testing.T, ex *outpace.Executor, f outpace.Function[In, Out], in []In, opts ...outpace.Option) []Out {
	t.Helper()
	var out []Out
	for y, err := range outpace.Map(t.Context(), ex, f, slices.Values(in), opts...) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, y)
	}
	return out
}

// number starts a file with 0. What it holds is told by the second result.
func number(t *testing.T) (path string, holds func() string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "total.txt")
	if err := os.WriteFile(path, []byte("0"), 0o666); err != nil {
		t.Fatal(err)
	}
	return path, func() string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
		}
		return string(text)
	}
}

// 8 tasks at once that read, change and write: without a lock what 7 of them
// wrote is lost, with it 10,000 increments are 10,000.
func TestTotal(t *testing.T) {
	f := inGo()
	for _, test := range []struct {
		name  string
		model outpace.Model
	}{
		{"threads", outpace.Threads(8)},
		{"processes", process.Workers(8)},
		{"async", outpace.Async(8)},
	} {
		t.Run("go/"+test.name, func(t *testing.T) {
			ex := open(t, test.model)
			path, holds := number(t)
			all(t, ex, f.lose, slices.Repeat([]sharing.Sum{{8, path}}, 8))
			if got := holds(); got != "1" {
				t.Errorf("8 tasks without a lock made %s of 0; they all read 0", got)
			}
			all(t, ex, f.add, slices.Repeat([]sharing.Sum{{1250, path}}, 7))
			all(t, ex, f.addTwice, []sharing.Sum{{625, path}})
			if got := holds(); got != "10001" {
				t.Errorf("10,000 increments with a lock made %s of 1", got)
			}
		})
	}
	for _, test := range []struct {
		name, suffix string
		model        outpace.Model
	}{
		{"threads", "", python.Workers(1, python.Threads(8))},
		{"processes", "", python.Workers(8)},
		{"async", "_async", python.Workers(1, python.Async(8))},
	} {
		t.Run("python/"+test.name, func(t *testing.T) {
			ex := open(t, test.model)
			path, holds := number(t)
			all(t, ex, python.Func[int, any]("total.py:lose"+test.suffix, python.Arg("path", path)), slices.Repeat([]int{8}, 8))
			if got := holds(); got != "1" {
				t.Errorf("8 tasks without a lock made %s of 0; they all read 0", got)
			}
			all(t, ex, python.Func[int, any]("total.py:add"+test.suffix, python.Arg("path", path)), slices.Repeat([]int{1250}, 8))
			if got := holds(); got != "10001" {
				t.Errorf("10,000 increments with a lock made %s of 1", got)
			}
		})
	}
}

// A download in processes fills counters of the answers and of the hosts, and of
// its tasks two at most are at the server.
func TestPages(t *testing.T) {
	server, most := serve(t)
	var urls []string
	for i := range 20 {
		urls = append(urls, fmt.Sprintf("%s/%d", server, i))
	}
	for _, test := range []struct {
		name  string
		model outpace.Model
		fetch outpace.Function[string, int64]
	}{
		{"go", process.Workers(2, process.Threads(4)), inGo().fetch},
		{"python", python.Workers(2, python.Threads(4)), python.Func[string, int64]("pages.py:fetch")},
	} {
		t.Run(test.name, func(t *testing.T) {
			ex := open(t, test.model)
			if sizes := all(t, ex, test.fetch, urls); sizes[1] != 5 {
				t.Errorf("sizes %v", sizes)
			}
			shared, leave := ex.Share(t.Context())
			defer leave()
			counts(t, shared, "status", map[string]int64{"200": 15, "404": 5})
			counts(t, shared, "hosts", map[string]int64{"127.0.0.1": 20})
		})
	}
	if n := most(); n > 2 {
		t.Errorf("%d requests at once", n)
	}
}

// A task that is retried adds again; under a key of its own it is there once.
func TestPagesRetried(t *testing.T) {
	server, _ := serve(t)
	ex := open(t, python.Workers(1, python.Threads(2)))
	busy := []string{server + "/busy/1", server + "/busy/2", server + "/busy/3"}
	all(t, ex, python.Func[string, int]("pages.py:fetch_or_raise"), busy, outpace.Retries(1))
	shared, leave := ex.Share(t.Context())
	defer leave()
	counts(t, shared, "attempts", map[string]int64{"all": 6})
	counts(t, shared, "pages", map[string]int64{busy[0]: 1, busy[1]: 1, busy[2]: 1})
}

func counts(t *testing.T, shared context.Context, name string, want map[string]int64) {
	t.Helper()
	if got, err := share.Counter(shared, name).Snapshot(shared); err != nil || !maps.Equal(got, want) {
		t.Errorf("counter %s: %v, %v; want %v", name, got, err, want)
	}
}

// serve starts a server that has no page whose number can be divided by 4, and is
// busy at the first request for a page below /busy. most is how many it had to
// answer at once.
func serve(t *testing.T) (address string, most func() int) {
	var mu sync.Mutex
	now, max := 0, 0
	seen := map[string]bool{}
	count := func(n int) {
		mu.Lock()
		defer mu.Unlock()
		now += n
		if now > max {
			max = now
		}
	}
	first := func(page string) bool {
		mu.Lock()
		defer mu.Unlock()
		was := seen[page]
		seen[page] = true
		return !was
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		count(1)
		defer count(-1)
		var page int
		switch _, err := fmt.Sscanf(r.URL.Path, "/%d", &page); {
		case strings.HasPrefix(r.URL.Path, "/busy/") && first(r.URL.Path):
			http.Error(w, "busy", http.StatusServiceUnavailable)
		case err == nil && page%4 == 0:
			http.NotFound(w, r)
		default:
			fmt.Fprint(w, "hello")
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, func() int { mu.Lock(); defer mu.Unlock(); return max }
}

// A queue with room for 10 carries 2,000 rows out of worker processes: they can
// only go on because the caller takes rows while they run.
func TestRowsToCaller(t *testing.T) {
	for _, test := range []struct {
		name  string
		model outpace.Model
		find  outpace.Function[int, int]
	}{
		{"go", process.Workers(2), inGo().find},
		{"python", python.Workers(2), python.Func[int, int]("rows.py:find")},
	} {
		t.Run(test.name, func(t *testing.T) {
			ex := open(t, test.model)
			shared, leave := ex.Share(t.Context())
			defer leave()
			futures := []*outpace.Future[int]{
				outpace.Submit(t.Context(), ex, test.find, 1000),
				outpace.Submit(t.Context(), ex, test.find, 1000),
			}
			count, sum := 0, 0
			for row, err := range share.Queue[int](shared, "rows", 10).All(shared) {
				if err != nil {
					t.Fatal(err)
				}
				count++
				sum += row
			}
			if count != 2000 || sum != 2*999*1000/2 {
				t.Errorf("%d rows, which are %d together", count, sum)
			}
			for _, f := range futures {
				if n, err := f.Result(t.Context()); n != 1000 || err != nil {
					t.Error(n, err)
				}
			}
		})
	}
}

// From Python to Python: every row is taken once.
func TestRowsToTasks(t *testing.T) {
	ex := open(t, python.Workers(2, python.Threads(2)))
	work := python.Func[string, json.RawMessage]("rows.py:work")
	count, sum := 0, 0
	for _, text := range all(t, ex, work, []string{"find", "use", "find", "use"}) {
		var used struct{ Count, Sum int }
		if text[0] == '{' {
			if err := json.Unmarshal(text, &used); err != nil {
				t.Fatal(err)
			}
		}
		count += used.Count
		sum += used.Sum
	}
	if count != 2000 || sum != 2*999*1000/2 {
		t.Errorf("%d rows, which are %d together", count, sum)
	}
}
