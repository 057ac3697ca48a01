//go:build !linux && !darwin

package process

import (
	"os"
	"time"

	"github.com/outpace-run/outpace/internal/child"
)

const supported = false

func isChannel() bool { return false }

func moved(int) (*os.File, error) { return nil, child.ErrUnsupported }

func copied(int) (*os.File, error) { return nil, child.ErrUnsupported }

func endGroup() { os.Exit(1) }

func cpuTime() time.Duration { return 0 }
