package sharing

import (
	"context"
	"io"
	"net/http"
	"strconv"

	"github.com/outpace-run/outpace/share"
)

// Fetch returns how many bytes are behind a URL, whatever the server's answer is.
// Two tasks at a time ask the server.
func Fetch(ctx context.Context, url string) (int64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}

	server := share.Semaphore(ctx, "server", 2)
	if _, err := server.Acquire(ctx, 1); err != nil {
		return 0, err
	}
	defer server.Release(1)

	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	size, err := io.Copy(io.Discard, response.Body)
	if err != nil {
		return 0, err
	}
	if err := share.Counter(ctx, "status").Add(strconv.Itoa(response.StatusCode), 1); err != nil {
		return 0, err
	}
	return size, share.Counter(ctx, "hosts").Add(request.URL.Hostname(), 1)
}
