//go:build linux || darwin

package process_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/process"
)

// The first line of main (in these tests, of TestMain) gives Main the functions
// that workers run. In a worker it does not return.
func ExampleMain() {
	process.Main(cube)

	ctx := context.Background()
	ex, err := outpace.New(ctx, process.Workers(2))
	if err != nil {
		panic(err)
	}
	defer ex.Close()
	for y, err := range outpace.Map(ctx, ex, cube, slices.Values([]int{1, 2, 3})) {
		fmt.Println(y, err)
	}
	// Output:
	// 1 <nil>
	// 8 <nil>
	// 27 <nil>
}

// One bad input costs neither the others nor this process.
func ExampleWorkers() {
	ctx := context.Background()
	ex, err := outpace.New(ctx, process.Workers(1, process.Threads(2)))
	if err != nil {
		panic(err)
	}
	defer ex.Close()
	fmt.Println(ex.Plan().Model, ex.Plan().Shape)
	for item, err := range outpace.MapItems(ctx, ex, reciprocal, slices.Values([]int{2, 0, 4})) {
		fmt.Println(item.Value, item.Err, err)
	}
	// Output:
	// threads 1x2
	// 50 <nil> <nil>
	// 0 reciprocal, input 1: panic: runtime error: integer divide by zero <nil>
	// 25 <nil> <nil>
}

var (
	cube       = outpace.Func("cube", func(_ context.Context, n int) (int, error) { return n * n * n, nil })
	reciprocal = outpace.Func("reciprocal", func(_ context.Context, n int) (int, error) { return 100 / n, nil })
)
