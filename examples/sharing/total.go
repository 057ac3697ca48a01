package sharing

import (
	"context"
	"errors"
	"io"
	"os"
	"strconv"

	"github.com/outpace-run/outpace/share"
)

// Sum is an input of Add, AddTwice and Lose: add 1, N times, to the number in a file.
type Sum struct {
	N    int
	Path string
}

// Add adds 1 to the number in a file, N times. It is exact, however many tasks
// do so at once, in this process or in others.
func Add(ctx context.Context, sum Sum) (int, error) {
	file, err := os.OpenFile(sum.Path, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	for range sum.N {
		if err := addOne(ctx, file); err != nil {
			return 0, err
		}
	}
	return sum.N, nil
}

func addOne(ctx context.Context, file *os.File) error {
	lock := share.Lock(ctx, "total")
	if _, err := lock.Acquire(ctx); err != nil {
		return err
	}
	defer lock.Release()

	total, err := read(file)
	if err != nil {
		return err
	}
	return write(file, total+1)
}

// AddTwice does so on two goroutines at once. To locks they would be one and the
// same, and the second to acquire would get an error; Part makes them two.
func AddTwice(ctx context.Context, sum Sum) (int, error) {
	part, other := share.Part(ctx), make(chan error, 1)
	go func() {
		_, err := Add(part, sum)
		other <- err
	}()
	_, err := Add(ctx, sum)
	return 2 * sum.N, errors.Join(err, <-other)
}

// Lose adds 1 without a lock, in each of N tasks. All read the same number, so 1
// is all that is added.
func Lose(ctx context.Context, sum Sum) (int, error) {
	file, err := os.OpenFile(sum.Path, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	total, err := read(file)
	if err != nil {
		return 0, err
	}
	if err := meet(ctx, "read", sum.N); err != nil {
		return 0, err
	}
	if err := write(file, total+1); err != nil {
		return 0, err
	}
	return 1, meet(ctx, "written", sum.N)
}

// meet waits until n tasks are here: the last one closes a queue, and the others
// wait for that.
func meet(ctx context.Context, what string, n int) error {
	gate := share.Queue[int](ctx, what, 1)
	here, err := share.Counter(ctx, "here").Sum(ctx, what, 1)
	if err != nil {
		return err
	}
	if here == int64(n) {
		return gate.Close(ctx)
	}
	for _, err := range gate.All(ctx) {
		return err // nothing is put in
	}
	return nil
}

// read returns the number in a file, which has up to 20 digits.
func read(file *os.File) (int, error) {
	text := make([]byte, 20)
	n, err := file.ReadAt(text, 0)
	if err != nil && err != io.EOF {
		return 0, err
	}
	return strconv.Atoi(string(text[:n]))
}

// write puts a number, which is not shorter than the last one, into a file.
func write(file *os.File, total int) error {
	_, err := file.WriteAt(strconv.AppendInt(nil, int64(total), 10), 0)
	return err
}
