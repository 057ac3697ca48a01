package suite

import "fmt"

// The guides do not name their machines but for what is said here.
const (
	batchGuide = "its authors' machine, of 12 hardware threads, CPython"
	sweepGuide = "its authors' machine, a quad core, CPython"
)

// cpu is 20 times the sum of the first squares. The guide's text says that
// processes were 2.25 times faster; its table, which is shown, that it was 2.93.
func cpu(o Options) []Experiment {
	const full, times = 100_000_000, 20
	n, scale := o.scaled(full, 0.01, 0.002)
	title := func(n int, scale float64) string {
		return fmt.Sprintf("%d x sum_of_squares(%s), %.4g of the guide's work", times, million(n), scale)
	}
	more := min(compiled, 1/scale)
	inGo := int(float64(n) * more)
	return bothOf(Experiment{
		Title: title(n, scale),
		Func:  "squares.py:sum_of_squares", Inputs: repeated(fmt.Sprint(n), times),
		Models: []string{"serial", "threads", "processes"}, Workers: widths(o.Cores, 12),
		Guide: batchGuide, Figures: []Figure{{"serial", 1, 77.34}, {"threads", 12, 82.52}, {"processes", 12, 26.43}},
	}, "go:sum_of_squares", title(inGo, scale*more), repeated(fmt.Sprint(inGo), times))
}

// widths is the number of cores beside a guide's own width.
func widths(cores, theirs int) []int {
	if cores == theirs || cores < 2 {
		return []int{theirs}
	}
	return []int{min(cores, theirs), max(cores, theirs)}
}

// download is 10 downloads to files, in pieces of 8,192 bytes.
func download(Options) []Experiment {
	return both(Experiment{
		Title: "download 10 pages to files, 8,192 bytes at a time",
		Func:  "download.py:download", Also: "download_async.py:download", Pages: 10,
		Models: []string{"serial", "threads", "processes", "async"}, Workers: []int{10},
		Guide: batchGuide, Figures: []Figure{{"serial", 1, 6.56}, {"threads", 10, 1.15}, {"processes", 10, 1.57}},
	}, "go:download")
}

// sweepCPU adds integers, in 16 parts of the same size.
func sweepCPU(o Options) []Experiment {
	const full, parts = 100_000_000, 16
	n, scale := o.scaled(full, 0.1, 0.04)
	title := func(n int, scale float64) string {
		return fmt.Sprintf("%s integers added, in %d parts, %.4g of the guide's work", million(n), parts, scale)
	}
	more := min(compiled, 1/scale)
	inGo := int(float64(n) * more)
	return bothOf(Experiment{
		Title: title(n, scale),
		Func:  "squares.py:sum_integers", Inputs: repeated(fmt.Sprint(n/parts), parts),
		Models: []string{"serial", "threads", "processes"}, Workers: sweep(),
		Guide: sweepGuide, Figures: sweepFigures(
			[]float64{36.13, 36.98, 37.41, 38.19, 39.52}, []float64{36.21, 18.74, 9.87, 9.91, 10.06}),
	}, "go:sum_integers", title(inGo, scale*more), repeated(fmt.Sprint(inGo/parts), parts))
}

// sweepIO is 100 pages, fetched.
func sweepIO(o Options) []Experiment {
	pages, _ := o.scaled(100, 1, 0.3)
	return both(Experiment{
		Title: fmt.Sprintf("fetch %d pages", pages),
		Func:  "download.py:fetch", Also: "download_async.py:fetch", Pages: pages,
		Models: []string{"serial", "threads", "processes", "async"}, Workers: sweep(),
		Guide: sweepGuide, Figures: sweepFigures(
			[]float64{15.21, 7.73, 4.21, 2.34, 1.53}, []float64{14.98, 7.69, 4.12, 2.31, 1.49}),
	}, "go:fetch")
}

func sweep() []int { return []int{1, 2, 4, 8, 16} }

// sweepFigures are the rows of a guide's table of threads and processes. One
// thread is what both are compared with.
func sweepFigures(threads, processes []float64) []Figure {
	var all []Figure
	for i, s := range threads {
		all = append(all, Figure{"threads", sweep()[i], s})
	}
	for i, s := range processes {
		all = append(all, Figure{"processes", sweep()[i], s})
	}
	return all
}
