package sharing

import (
	"context"

	"github.com/outpace-run/outpace/share"
)

// Longest returns the longest word that any task has had so far.
func Longest(ctx context.Context, word string) (string, error) {
	best := share.Value(ctx, "longest", "")
	return best.Update(ctx, func(now string) (string, error) {
		if len(word) > len(now) {
			now = word
		}
		return now, nil
	})
}
