package sharing_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/examples/sharing"
	"github.com/outpace-run/outpace/share"
)

// The caller takes rows while the tasks that find them run.
func Example() {
	ctx := context.Background()
	ex, err := outpace.New(ctx, outpace.Threads(2))
	if err != nil {
		panic(err)
	}
	defer ex.Close()

	shared, leave := ex.Share(ctx)
	defer leave()
	find := outpace.Func("find", sharing.Find)
	outpace.Submit(ctx, ex, find, 1000)
	outpace.Submit(ctx, ex, find, 1000)
	count := 0
	for _, err := range share.Queue[int](shared, "rows", 10).All(shared) {
		if err != nil {
			panic(err)
		}
		count++
	}
	fmt.Println(count, "rows")
	// Output: 2000 rows
}

// What a value is when all are done.
func ExampleLongest() {
	ctx := context.Background()
	ex, err := outpace.New(ctx, outpace.Threads(2))
	if err != nil {
		panic(err)
	}
	defer ex.Close()
	longest := outpace.Func("longest", sharing.Longest)
	for _, err := range outpace.Map(ctx, ex, longest, slices.Values([]string{"ant", "crocodile", "bee"})) {
		if err != nil {
			panic(err)
		}
	}

	shared, leave := ex.Share(ctx)
	defer leave()
	fmt.Println(share.Value(shared, "longest", "").Get(shared))
	// Output: crocodile <nil>
}
