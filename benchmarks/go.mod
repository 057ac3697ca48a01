module github.com/outpace-run/outpace/benchmarks

go 1.26.0

require (
	github.com/alitto/pond/v2 v2.7.1
	github.com/anishathalye/porcupine v1.3.1
	github.com/destel/rill v0.8.1
	github.com/outpace-run/outpace v0.0.0
	github.com/panjf2000/ants/v2 v2.12.1
	github.com/samber/lo v1.53.0
	github.com/sourcegraph/conc v0.3.0
	golang.org/x/perf v0.0.0-20260908200009-22c9c6c9d4da
	golang.org/x/sync v0.24.0
)

require (
	github.com/aclements/go-moremath v0.0.0-20210112150236-f10218a38794 // indirect
	go.uber.org/atomic v1.7.0 // indirect
	go.uber.org/multierr v1.9.0 // indirect
)

replace github.com/outpace-run/outpace => ..

// conc requires these for its tests. Nothing here needs them, and the workspace
// would have the command require them too.
exclude (
	github.com/kr/pretty v0.3.0
	gopkg.in/check.v1 v1.0.0-20190902080502-41f04d3bba15
)
