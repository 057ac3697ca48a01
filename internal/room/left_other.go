//go:build !linux

package room

func left() (n int, limited bool) { return 0, false }

func threads() int { return 0 }
