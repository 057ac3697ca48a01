package outpace

import "context"

// Function is something to apply to inputs: a Go function made by Func, or a
// function of another process made by an adapter package such as python. It is
// small and meant to be copied. The zero value cannot be run.
type Function[In, Out any] struct{ def *definition[In, Out] }

type definition[In, Out any] struct {
	name  string
	body  func(context.Context, In) (Out, error)
	spec  any
	codec Codec // nil: JSON
}

// AnyFunction is a Function of any types, as models see it. Only Function
// implements it.
type AnyFunction interface {
	// Name is the function's name; empty for one that can run in this process only.
	Name() string
	// Spec is what the adapter package put in with Remote; nil for a Go function.
	Spec() any
	// Local reports whether the function has a Go body in this process.
	Local() bool
	// Call runs a Go function of this process on an encoded input and adds the encoded result to dst.
	Call(ctx context.Context, dst, input []byte) ([]byte, error)

	sealed()
}

// Func makes a Function of a Go function. The name is how another process, and
// every message, calls it; one with an empty name runs on the models of this
// process only. The context that body gets is done when the caller's is, when
// the executor is closed, or when the attempt's Timeout is over.
//
// Where the function runs in another process, In and Out must be what its codec
// can carry: see [UseCodec].
func Func[In, Out any](name string, body func(ctx context.Context, in In) (Out, error), opts ...FuncOption) Function[In, Out] {
	var c funcConfig
	for _, o := range opts {
		o(&c)
	}
	return Function[In, Out]{&definition[In, Out]{name: name, body: body, codec: c.codec}}
}

// FuncOption changes a function made by Func.
type FuncOption func(*funcConfig)

type funcConfig struct{ codec Codec }

// UseCodec has the function's inputs and results cross to other processes as c
// writes them. The default, also nil, is [JSON]. In this process nothing is
// encoded.
func UseCodec(c Codec) FuncOption {
	return func(f *funcConfig) {
		if _, ok := c.(JSON); ok {
			c = nil
		}
		f.codec = c
	}
}

// Remote makes a Function that has no body in this process: an adapter
// package's way to say "the function called name, found as spec says". Inputs
// are sent as JSON made from In, outputs are read from JSON into Out;
// json.RawMessage as In or Out passes the bytes on as they are.
func Remote[In, Out any](name string, spec any) Function[In, Out] {
	return Function[In, Out]{&definition[In, Out]{name: name, spec: spec}}
}

// Name returns the function's name.
func (f Function[In, Out]) Name() string {
	if f.def == nil {
		return ""
	}
	return f.def.name
}

// Spec returns what Remote was given, or nil.
func (f Function[In, Out]) Spec() any {
	if f.def == nil {
		return nil
	}
	return f.def.spec
}

// Local reports whether the function was made by Func.
func (f Function[In, Out]) Local() bool { return f.def != nil && f.def.body != nil }

func (f Function[In, Out]) sealed() {}
