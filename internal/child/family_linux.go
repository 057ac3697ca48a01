package child

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

const (
	lookEvery  = time.Second // how often a Family looks after what it adopted
	closeLimit = time.Second // how long Close waits for what it killed
)

// Family is what descends from this process, orphans too. The nil Family has
// nobody.
type Family struct {
	before  map[int]bool // children that were there first: not ours to end
	subject bool         // whether this process adopted orphans before
	once    sync.Once    // closes stop
	stop    chan struct{}
	stopped chan struct{}
}

// Adopt makes this process the parent of all orphans below it, until Close. It
// is for a program to which all of its children belong, such as a command: they
// were started through this package or os/exec, and are waited for. Children
// that are there already (sh -c "helper & exec outpace") are not touched.
//
// An orphan that has ended is waited for within a second, so there are no
// zombies. One that lives is killed when no child runs that was started here:
// whoever needed it has ended. Those with the marker of a child that ended are
// dead already.
//
// It needs Linux 5.4: elsewhere it returns an error with ErrUnsupported, and
// nil.
func Adopt() (*Family, error) {
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.WithHandle(func(uintptr) {})
		_ = self.Release()
	}
	if err != nil {
		return nil, fmt.Errorf("adopting orphans needs Linux 5.4 or newer (%w): %w", err, ErrUnsupported)
	}
	f := &Family{before: map[int]bool{}, stop: make(chan struct{}), stopped: make(chan struct{})}
	orphans, _ := f.census()
	for _, pid := range orphans {
		f.before[pid] = true
	}
	if f.subject, err = subreaper(true); err != nil {
		return nil, fmt.Errorf("adopting orphans: %w", err)
	}
	go f.run()
	return f, nil
}

// Close kills all orphans, waits for them for at most a second, and adopts no
// more. Its error names those that are left. Children that were started here
// are not touched, but they should have ended: what they leave behind later is
// no longer adopted. A second Close does no harm.
func (f *Family) Close() error {
	if f == nil {
		return nil
	}
	f.once.Do(func() { close(f.stop) })
	<-f.stopped
	left := f.look(true)
	for end, pause := time.Now().Add(closeLimit), closeLimit/2000; len(left) > 0 && time.Now().Before(end); pause = min(2*pause, closeLimit/100) {
		time.Sleep(pause)
		left = f.look(true)
	}
	_, _ = subreaper(f.subject)
	if len(left) > 0 {
		return fmt.Errorf("processes that were killed have not ended: %v (hint: they wait for the system, such as a disk)", left)
	}
	return nil
}

func (f *Family) run() {
	defer close(f.stopped)
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			f.look(false)
		case <-f.stop:
			return
		}
	}
}

// look waits for orphans that have ended, and kills the others if all are to
// go, or no child is left that may need them. It returns those that live.
func (f *Family) look(all bool) (left []int) {
	orphans, started := f.census()
	for _, pid := range orphans {
		if waited, err := syscall.Wait4(pid, nil, syscall.WNOHANG, nil); waited == pid || err == syscall.ECHILD {
			continue
		}
		left = append(left, pid)
		if all || started == 0 {
			killIf(pid, func(*os.Process) bool { status, ok := statusOf(pid); return ok && status.parent == os.Getpid() })
		}
	}
	return left
}

// census lists the children that nobody here started, and counts the others.
// The os package holds a handle (pidfd_open(2)) of each process that it
// started, from its birth until it was waited for. So one without is an orphan.
func (f *Family) census() (orphans []int, started int) {
	syscall.ForkLock.RLock() // nobody is half born: in the list, its handle not there yet
	defer syscall.ForkLock.RUnlock()
	all := children(os.Getpid())
	if len(all) == 0 {
		return nil, 0
	}
	ours := handles()
	for _, pid := range all {
		switch {
		case ours[pid]:
			started++
		case !f.before[pid]:
			orphans = append(orphans, pid)
		}
	}
	return orphans, started
}

// handles returns the processes that this one has handles of.
func handles() map[int]bool {
	found := map[int]bool{}
	for _, fd := range numbers("/proc/self/fd") {
		name := strconv.Itoa(fd)
		if link, err := os.Readlink("/proc/self/fd/" + name); err != nil || !strings.Contains(link, "pidfd") {
			continue
		}
		info, _ := readFile(nil, "/proc/self/fdinfo/"+name)
		for line := range bytes.Lines(info) {
			if value, ok := bytes.CutPrefix(line, []byte("Pid:")); ok {
				for _, pid := range ids(bytes.Fields(value)) {
					found[pid] = true
				}
			}
		}
	}
	return found
}

// subreaper sets whether this process is the parent of orphans below it
// (prctl(2)), and returns whether it was.
func subreaper(on bool) (was bool, err error) {
	const set, get = 36, 37 // PR_SET_CHILD_SUBREAPER, PR_GET_CHILD_SUBREAPER
	var before int32
	value := uintptr(0)
	if on {
		value = 1
	}
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, get, uintptr(unsafe.Pointer(&before)), 0); errno != 0 {
		return false, errno
	}
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, set, value, 0); errno != 0 {
		return false, errno
	}
	return before != 0, nil
}
