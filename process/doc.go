// Package process runs Go functions in child processes of the same program, so
// that one that crashes, exits, leaks or cannot be stopped harms nothing but
// its task.
//
//	                         ┌── frames ──► this program again ── process.Main ── square(n)
//	executor ──► Workers(P) ─┼── frames ──► this program again ── process.Main ── square(n)
//	                         └── frames ──► this program again ── process.Main ── square(n)
//
//	var square = outpace.Func("square", func(ctx context.Context, n int) (int, error) { return n * n, nil })
//
//	func main() {
//		process.Main(square) // in a worker process this does not return
//
//		ex, err := outpace.New(ctx, process.Workers(4))
//		if err != nil { … }
//		defer ex.Close()
//		for y, err := range outpace.Map(ctx, ex, square, slices.Values(inputs)) { … }
//	}
//
// [Main] is the first line of main, and of TestMain in tests that use workers:
// a worker is this program, started again, and must not do what main does. It
// is given the functions that workers may be asked for, by name. [Workers] is
// the model: P processes with one task at once in each, or T goroutines
// ([Threads]).
//
// Inputs and results cross as JSON, or as the function's codec writes them: see
// outpace.UseCodec. An error crosses as text, a *outpace.RemoteError with the
// name of the error's type: errors.Is does not find a sentinel in it. So does a
// panic, with the stack of the function; it costs its task only. os.Exit, a
// panic of a goroutine that the function started, and whatever the runtime
// calls fatal end the worker, which is replaced.
//
// # What each process needs once
//
// Package variables are initialized in every worker, before Main. What takes
// long (a model, a connection) is better made by the first task that needs it:
//
//	var model = sync.OnceValues(func() (*Model, error) { return load("model.bin") })
//
//	var score = outpace.Func("score", func(ctx context.Context, row Row) (float64, error) {
//		m, err := model()
//		if err != nil { … }
//		return m.Score(row), nil
//	})
//
// # How it ends
//
// Each worker is a process group of its own that ends with this process. What
// a function prints is captured line by line and can never mix with results;
// standard input is empty. The context of a function is done when its task is
// cancelled or out of time; its worker is killed when its task goes on in spite
// of that for longer than outpace.Grace. A function may use Workers itself: its
// workers end with its own.
//
// Workers need Linux or macOS. Main may be called everywhere.
package process
