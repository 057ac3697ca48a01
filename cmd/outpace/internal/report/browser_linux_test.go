package report_test

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/outpace-run/outpace/cmd/outpace/internal/report"
)

// axe is axe-core, which looks for what keeps people from reading a page. It is
// put into the page by the test, and is no part of a report.
//
//go:embed testdata/axe/axe.min.js
var axe string

// TestBrowser opens reports in a real browser: each in light and dark, on a
// telephone and a wide screen. Nothing runs over the edge, axe-core finds no
// violation, no request leaves the page.
func TestBrowser(t *testing.T) {
	browser := startBrowser(t)
	for _, name := range []string{"wait", "hostile", "suite"} {
		t.Run(name, func(t *testing.T) {
			tab, requests := openTab(t, browser, pageFile(t, name))
			evaluate[chromedp.Void](t, tab, axe)
			for _, scheme := range []string{"light", "dark"} {
				for _, width := range []int64{375, 1280} {
					checkLook(t, tab, scheme, width)
				}
			}
			if r := requests(); len(r) != 1 {
				t.Errorf("the page asked for more than itself: %q", r)
			}
		})
	}
	t.Run("without scripts", func(t *testing.T) { checkWithoutScript(t, browser) })
}

// checkWithoutScript reads a page as a browser shows it that runs none.
func checkWithoutScript(t *testing.T, browser context.Context) {
	tab, _ := openTab(t, browser, "about:blank")
	call(t, tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	show(t, tab, pageFile(t, "cpu"))
	nodes := call(t, tab, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{}).Nodes
	var seen strings.Builder
	for _, n := range nodes {
		if n.Name != nil {
			seen.Write(n.Name.Value)
			seen.WriteByte('\n')
		}
	}
	for _, want := range []string{
		"fib.py:fib", "Use 4 processes", "Speed-up by number of workers", "4 cores", "Every single run", "7 runs, ",
		"CPU share", "outpace bench fib.py:fib 27", "AMD EPYC", "seed 8123467",
	} {
		if !strings.Contains(seen.String(), want) {
			t.Errorf("without scripts %q cannot be read", want)
		}
	}
}

// checkLook looks at the page as it stands in one colour scheme and width.
func checkLook(t *testing.T, tab context.Context, scheme string, width int64) {
	t.Helper()
	call(t, tab, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1})
	call(t, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	over := evaluate[bool](t, tab, `document.scrollingElement.scrollWidth > innerWidth`)
	dark := evaluate[bool](t, tab, `getComputedStyle(document.body).backgroundColor !== "rgb(255, 255, 255)"`)
	cut := evaluate[[]string](t, tab, `[...document.querySelectorAll("svg.chart text")].filter(e => {
		const own = e.getBoundingClientRect(), all = e.ownerSVGElement.getBoundingClientRect()
		return own.width > 0 && (own.right > all.right + 1 || own.left < all.left - 1)
	}).map(e => e.textContent)`)
	violations := evaluate[[]string](t, tab, `axe.run({resultTypes: ["violations"], preload: false}).then(r => r.violations.flatMap(v =>
		v.nodes.map(n => v.id + ": " + n.html.slice(0, 160) + " " + n.any.concat(n.all, n.none).map(c => c.message).join("; "))))`)
	at := fmt.Sprintf("%s, %d pixels", scheme, width)
	if over {
		t.Errorf("%s: the page scrolls sideways", at)
	}
	if dark != (scheme == "dark") {
		t.Errorf("%s: dark is %v", at, dark)
	}
	for _, c := range cut {
		t.Errorf("%s: in a chart there is no room for %q", at, c)
	}
	for _, v := range violations {
		t.Errorf("%s: axe-core: %s", at, v)
	}
}

// startBrowser starts one without a window. It ends with the test, with all
// processes that it started.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	names := []string{"chromium", "chromium-browser", "google-chrome"}
	at := slices.IndexFunc(names, func(n string) bool { _, err := exec.LookPath(n); return err == nil })
	if at < 0 {
		t.Fatalf("none of %v is on PATH; the tests of the HTML report need one: apt-get install chromium", names)
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(names[at]))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium's own refuses root
	}
	ctx, cancelTime := context.WithTimeout(context.Background(), 2*time.Minute)
	ctx, cancelAllocator := chromedp.NewExecAllocator(ctx, options...)
	ctx, cancel := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("the browser did not end: %v", err)
		}
		cancel()
		cancelAllocator()
		cancelTime()
	})
	show(t, ctx, "about:blank")
	return ctx
}

// openTab shows a page in a tab of its own. The function returned tells what was
// asked for until then.
func openTab(t *testing.T, browser context.Context, address string) (context.Context, func() []string) {
	t.Helper()
	tab, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	var mu sync.Mutex
	var asked []string
	err := chromedp.Listen(tab, func(event any) {
		if e, ok := event.(*network.EventRequestWillBeSent); ok {
			mu.Lock()
			defer mu.Unlock()
			asked = append(asked, e.Request.URL)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	call(t, tab, network.Enable, network.EnableParams{})
	show(t, tab, address)
	return tab, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(asked)
	}
}

// pageFile writes the page of a fixture, and returns its address.
func pageFile(t *testing.T, name string) string {
	t.Helper()
	var page bytes.Buffer
	if err := report.WriteHTML(&page, fixture(t, name)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), name+".html")
	if err := os.WriteFile(file, page.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return (&url.URL{Scheme: "file", Path: file}).String()
}

func show(t *testing.T, tab context.Context, address string) {
	t.Helper()
	if err := chromedp.Do(tab, chromedp.Navigate(address)); err != nil {
		t.Fatal(err)
	}
}

func evaluate[T any](t *testing.T, tab context.Context, script string) T {
	t.Helper()
	v, err := chromedp.Run(tab, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func call[P, R any](t *testing.T, tab context.Context, command cdp.Command[P, R], params P) R {
	t.Helper()
	r, err := chromedp.Call(tab, command, params)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
