module github.com/outpace-run/outpace/benchmarks

go 1.26

require github.com/outpace-run/outpace v0.0.0

replace github.com/outpace-run/outpace => ..
