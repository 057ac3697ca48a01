//go:build !linux

package main

import (
	"errors"
	"syscall"
)

func send(int, syscall.Signal) error { return errors.ErrUnsupported }

func pause(int) {}

func resume(int) {}

func spawn(bool) error { return errors.ErrUnsupported }
