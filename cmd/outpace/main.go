// Outpace applies a function to many inputs, as wide as the machine allows.
package main

import (
	"os"

	"github.com/outpace-run/outpace/cmd/outpace/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
