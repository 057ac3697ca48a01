package bench

import "strconv"

// conclude makes figures, marks and the verdict of the runs.
func (t *Table) conclude(cores int) {
	serial := t.Cells[0]
	for i := range t.Cells {
		t.Cells[i].Figures = figures(t.Cells[i], serial, t.Inputs, cores)
	}
	t.Computes = tidy(median(serial.Runs, func(r Run) float64 { return r.CPU / r.Seconds }))
	if len(serial.Runs) > 0 && t.Cells[0].Figures.Seconds.Median < shortRun {
		t.Notes = append(t.Notes, "a run takes less than 10 ms, much of it not in the function: more inputs, such as --repeat 100, tell more")
	}
	t.Verdict = t.judge(cores)
}

// shortRun is how many seconds of a serial run are too few to tell the function
// from what is around it.
const shortRun = 0.01

// figures is what the runs of a cell come to.
func figures(c, serial Cell, inputs, cores int) Figures {
	f := Figures{
		Seconds: Estimated(numbers(c.Runs, func(r Run) float64 { return r.Seconds })),
		SpeedUp: Ratio(serial, c),
		CPU:     median(c.Runs, func(r Run) float64 { return r.CPU }),
		Memory:  int64(median(c.Runs, func(r Run) float64 { return float64(r.Memory) })),
		Start:   median(c.Runs, func(r Run) float64 { return r.Start }),
	}
	f.CPUShare = median(c.Runs, func(r Run) float64 { return r.CPU / r.Seconds / float64(cores) })
	if f.Seconds.Median > 0 {
		f.PerSecond = float64(inputs) / f.Seconds.Median
	}
	f.Efficiency = f.SpeedUp.Median / float64(c.Workers)
	return f.rounded()
}

// rounded has no more digits than mean anything: they are half of a report.
func (f Figures) rounded() Figures {
	for _, x := range []*float64{&f.Seconds.Median, &f.Seconds.Lo, &f.Seconds.Hi, &f.SpeedUp.Median, &f.SpeedUp.Lo, &f.SpeedUp.Hi,
		&f.CPU, &f.CPUShare, &f.PerSecond, &f.Start, &f.Efficiency} {
		*x = tidy(*x)
	}
	return f
}

// tidy rounds to seven digits that count.
func tidy(x float64) float64 {
	y, err := strconv.ParseFloat(strconv.FormatFloat(x, 'e', 6, 64), 64)
	if err != nil {
		return x
	}
	return y
}

func numbers(runs []Run, number func(Run) float64) []float64 {
	all := make([]float64, 0, len(runs))
	for _, r := range runs {
		all = append(all, number(r))
	}
	return all
}

// median is 0 where nothing was measured.
func median(runs []Run, number func(Run) float64) float64 {
	return Estimated(numbers(runs, number)).Median
}
