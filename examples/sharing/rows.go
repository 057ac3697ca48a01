package sharing

import (
	"context"

	"github.com/outpace-run/outpace/share"
)

// finders is how many tasks find rows.
const finders = 2

// Find puts the rows 0 to n-1 into the queue. The last one to do so closes it.
func Find(ctx context.Context, n int) (int, error) {
	rows := share.Queue[int](ctx, "rows", 10)
	for i := range n {
		if err := rows.Put(ctx, i); err != nil {
			return 0, err
		}
	}
	done, err := share.Counter(ctx, "finders").Sum(ctx, "done", 1)
	if err == nil && done == finders {
		err = rows.Close(ctx)
	}
	return n, err
}
