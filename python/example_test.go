//go:build linux || darwin

package python_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/python"
)

// write puts a Python file into a new directory, for the examples.
func write(source string) (dir string, remove func()) {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "fib.py"), []byte(source), 0o644); err != nil {
		panic(err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }
}

const fib = `
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)

async def later(n):
    return n

def scale(x, *, by):
    return x * by

def area(width, height):
    return width * height
`

func ExampleWorkers() {
	dir, remove := write(fib)
	defer remove()
	ctx := context.Background()
	ex, err := outpace.New(ctx, python.Workers(2, python.Dir(dir)))
	if err != nil {
		panic(err)
	}
	defer ex.Close()
	f := python.Func[int, int]("fib.py:fib")
	for y, err := range outpace.Map(ctx, ex, f, slices.Values([]int{10, 15, 20})) {
		fmt.Println(y, err)
	}
	// Output:
	// 55 <nil>
	// 610 <nil>
	// 6765 <nil>
}

func ExampleLoad() {
	dir, remove := write(fib)
	defer remove()
	ctx := context.Background()
	f := python.Func[int, int]("fib.py:later")
	program, err := python.Load(ctx, f, python.Dir(dir), python.StartTimeout(30*time.Second))
	if err != nil {
		panic(err)
	}
	defer program.Close()
	model := program.Workers(1)
	if program.Coroutine {
		model = program.Workers(1, python.Async(100))
	}
	ex, err := outpace.New(ctx, model)
	if err != nil {
		panic(err)
	}
	defer ex.Close()
	y, err := outpace.Submit(ctx, ex, f, 7).Result(ctx)
	fmt.Println(y, err, ex.Plan().Model, ex.Plan().Shape)
	// Output: 7 <nil> async 1x100
}

func ExampleFind() {
	p, err := python.Find(context.Background(), "")
	if err != nil {
		panic(err)
	}
	fmt.Println(p.Executable != "", p.Version >= "3")
	// Output: true true
}

func ExampleStar() {
	dir, remove := write(fib)
	defer remove()
	ctx := context.Background()
	ex, err := outpace.New(ctx, python.Workers(1, python.Dir(dir), python.Threads(2)))
	if err != nil {
		panic(err)
	}
	defer ex.Close()
	area := python.Func[[]int, int]("fib.py:area", python.Star())
	scale := python.Func[int, float64]("fib.py:scale", python.Arg("by", 0.5))
	fmt.Println(outpace.Submit(ctx, ex, area, []int{3, 4}).Result(ctx))
	fmt.Println(outpace.Submit(ctx, ex, scale, 5).Result(ctx))
	// Output:
	// 12 <nil>
	// 2.5 <nil>
}
