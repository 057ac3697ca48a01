package bench

// tell tells where the measurement stands before a cell runs.
func (b *bench) tell(next int) {
	if b.Tell == nil {
		return
	}
	b.Tell(Progress{
		Round: b.round, Rounds: b.Runs, Cell: b.table.Cells[next],
		Done: b.done, Of: b.all, Left: b.left(),
	})
}

// runs counts the runs there are to be: serial twice, the other warm-ups, the rounds.
func (b *bench) runs() int {
	n := 2 + b.Runs*len(b.Entries)
	for i := range b.Entries {
		if b.firstOfModel(i) {
			n++
		}
	}
	return n
}

// left estimates the seconds that are left: each cell takes what it took last
// time, and one that has not run yet what serial took by its workers, or by
// cores where that is less. It is below 0 before anything is known.
func (b *bench) left() float64 {
	if b.latest[0] == 0 {
		return -1
	}
	all := 0.0
	for i, c := range b.table.Cells {
		if c.Problem != "" {
			continue
		}
		took := b.latest[i]
		if took == 0 {
			took = b.latest[0] / float64(min(c.Workers, b.Cores))
		}
		all += took * float64(b.Runs-len(c.Runs))
	}
	return all
}
