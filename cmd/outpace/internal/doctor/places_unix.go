//go:build linux || darwin

package doctor

import "golang.org/x/sys/unix"

// space is how many bytes of a folder's file system are left for us.
func space(dir string) (free int64, known bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true
}

// writable is nil where we may make a file in a folder.
func writable(dir string) error { return unix.Access(dir, unix.W_OK|unix.X_OK) }
