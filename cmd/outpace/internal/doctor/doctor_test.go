package doctor_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/outpace-run/outpace/cmd/outpace/internal/doctor"
	"github.com/outpace-run/outpace/cmd/outpace/internal/machine"
)

// bare has nothing outside of the test that matters: no interpreter, a home of
// its own, no variable of ours.
func bare(t *testing.T) (home string) {
	t.Helper()
	home = t.TempDir()
	for _, name := range []string{"VIRTUAL_ENV", "CONDA_PREFIX", "PYENV_ROOT", "UV_PYTHON_INSTALL_DIR", "GOMAXPROCS", "PYTHONPATH", "OMP_NUM_THREADS", "XDG_CACHE_HOME"} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", home)
	t.Setenv("PATH", t.TempDir())
	return home
}

// tree makes a file system of names and texts.
func tree(files ...string) fstest.MapFS {
	root := fstest.MapFS{}
	for i := 0; i < len(files); i += 2 {
		root[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return root
}

// find returns the findings of a section with a name.
func find(r doctor.Report, section, name string) (found []doctor.Finding) {
	for _, s := range r.Sections {
		for _, f := range s.Findings {
			if s.Name == section && f.Name == name {
				found = append(found, f)
			}
		}
	}
	return found
}

// expect fails unless one finding has the level and contains the text, in its
// value or its hint. What is not as it should be says what to do.
func expect(t *testing.T, r doctor.Report, section, name string, level doctor.Level, text string) {
	t.Helper()
	found := find(r, section, name)
	for _, f := range found {
		if f.Level == level && strings.Contains(f.Value+" → "+f.Hint, text) && (f.Level == doctor.OK || f.Hint != "") {
			return
		}
	}
	t.Errorf("%s, %s: %+v, want %s and %q", section, name, found, level, text)
}

func TestMachine(t *testing.T) {
	bare(t)
	const (
		cgroup    = "0::/a\n"
		mountinfo = "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
		meminfo   = "MemTotal: 16000000 kB\nMemAvailable: 8000000 kB\nSwapTotal: 2000000 kB\nSwapFree: 500000 kB\n"
	)
	group := []string{"proc/self/cgroup", cgroup, "proc/self/mountinfo", mountinfo, "proc/meminfo", meminfo, "proc/self/stat", "1"}
	for _, test := range []struct {
		files         []string
		section, name string
		level         doctor.Level
		text          string
	}{
		{nil, "machine", "quota", doctor.OK, "none"},
		{nil, "machine", "processor", doctor.OK, "not known"},
		{nil, "memory", "machine", doctor.OK, "not known"},
		{nil, "system", "/proc", doctor.Note, "mount -t proc"},
		{nil, "system", "control groups", doctor.OK, "none"},
		{[]string{"sys/devices/system/cpu/online", "0-9999"}, "machine", "affinity", doctor.Note, "of 10000 cores → the affinity mask"},
		{[]string{"sys/fs/cgroup/a/cpu.max", "50000 100000"}, "machine", "quota", doctor.Note, "0.5 cores, of the control group → "},
		{[]string{"sys/fs/cgroup/a/cpu.max", "50000 100000"}, "machine", "used by a run", doctor.OK, "1 core,"},
		{[]string{"sys/fs/cgroup/a/cpu.max", "99900000 100000"}, "machine", "quota", doctor.OK, "999 cores"},
		{[]string{"proc/loadavg", "9999.5 1 1 1/2 3"}, "machine", "load", doctor.Note, "9999.50"},
		{[]string{"proc/loadavg", "0.00 1 1 1/2 3"}, "machine", "load", doctor.OK, "0.00"},
		{[]string{"sys/fs/cgroup/a/memory.max", "50000000", "sys/fs/cgroup/a/memory.current", "40000000"}, "memory", "limit", doctor.Note, "50 MB, of the control group → over it the kernel kills: --memory-limit"},
		{[]string{"sys/fs/cgroup/a/memory.max", "50000000", "sys/fs/cgroup/a/memory.current", "40000000"}, "memory", "available", doctor.Note, "10 MB without swapping"},
		{group, "memory", "swap", doctor.Note, "1.5 GB of 2.0 GB"},
		{[]string{"sys/fs/cgroup/a/memory.events", "oom_kill 1\n"}, "memory", "killed", doctor.Note, "1 process of this control group"},
		{group, "memory", "limit", doctor.OK, "none"},
		{group, "system", "/proc", doctor.OK, "mounted"},
		{group, "system", "control groups", doctor.OK, "version 2"},
	} {
		var all []string
		if test.files != nil {
			all = append(append(all, group...), test.files...)
		}
		if test.section == "system" && find(doctor.Examine(t.Context(), doctor.Subject{Python: "none"}), "system", "Linux only") != nil {
			continue
		}
		expect(t, doctor.Examine(t.Context(), doctor.Subject{Root: tree(all...), Python: "none"}), test.section, test.name, test.level, test.text)
	}
}

func TestOrphans(t *testing.T) {
	bare(t)
	r := doctor.Examine(t.Context(), doctor.Subject{Python: "none", Orphans: errors.New("adopting orphans needs Linux 5.4")})
	if find(r, "system", "Linux only") == nil {
		expect(t, r, "system", "orphans", doctor.Note, "needs Linux 5.4")
	}
}

func TestEnvironment(t *testing.T) {
	bare(t)
	for _, test := range []struct {
		name, value string
		level       doctor.Level
		text        string
	}{
		{"PYTHONDEVMODE", "1", doctor.Note, "slowly"},
		{"PYTHONHOME", "/opt/x", doctor.Note, "unset it"},
		{"PYTHONHASHSEED", "0", doctor.OK, "0"},
		{"GOMEMLIMIT", "1GiB", doctor.OK, "1GiB"},
		{"OMP_NUM_THREADS", "1", doctor.OK, "1"},
		{"GOMAXPROCS", "9999", doctor.OK, "9999"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv(test.name, test.value)
			expect(t, doctor.Examine(t.Context(), doctor.Subject{Python: "none"}), "environment", test.name, test.level, test.text)
		})
	}
	t.Setenv("PYTHON_SECRET_TOKEN", "hush") // somebody else's: its name alone
	t.Setenv("PYTHONDEVMODE", "0")          // switched off
	t.Setenv("TMPDIR", "/no/such/folder")
	r := doctor.Examine(t.Context(), doctor.Subject{Python: "none"})
	expect(t, r, "environment", "also set", doctor.OK, "PYTHON_SECRET_TOKEN")
	expect(t, r, "folders", "temporary", doctor.Note, "set TMPDIR")
	if text, _ := write(t, r); strings.Contains(text, "hush") || strings.Contains(text, "PYTHONDEVMODE") {
		t.Errorf("%s", text)
	}
}

// Two cores with eight threads each are too many; one core has no others.
func TestThreads(t *testing.T) {
	bare(t)
	t.Setenv("OMP_NUM_THREADS", "8")
	r := doctor.Examine(t.Context(), doctor.Subject{Python: "none"})
	level := doctor.Note
	if r.Machine.Cores == 1 {
		level = doctor.OK
	}
	expect(t, r, "environment", "OMP_NUM_THREADS", level, "8")
}

// write writes a report both ways.
func write(t *testing.T, r doctor.Report) (text, data string) {
	t.Helper()
	var a, b bytes.Buffer
	if err := errors.Join(r.Text(&a), r.JSON(&b)); err != nil {
		t.Fatal(err)
	}
	return a.String(), b.String()
}

func TestText(t *testing.T) {
	r := doctor.Report{Format: doctor.Format, Version: "v1", Machine: machine.Machine{Cores: 2}, Pythons: []doctor.Python{{Path: "~/p", Run: true}}, Sections: []doctor.Section{
		{Name: "machine", Findings: []doctor.Finding{{Name: "Größe", Value: "2", Level: doctor.OK}, {Name: "quota", Value: "1 < 2", Level: doctor.Note, Hint: "more"}}},
		{Name: "limits", Findings: []doctor.Finding{{Name: "open files", Value: "3", Level: doctor.Problem, Hint: "ulimit"}}},
	}}
	const want = `machine
  ok       Größe       2
  note     quota       1 < 2
                       → more

limits
  problem  open files  3
                       → ulimit

1 problem that would prevent a run, 1 note
`
	text, data := write(t, r)
	if text != want {
		t.Errorf("%s\nwant\n%s", text, want)
	}
	var back doctor.Report
	if err := json.Unmarshal([]byte(data), &back); err != nil || !reflect.DeepEqual(back, r) {
		t.Errorf("%v: %+v\nwant %+v", err, back, r)
	}
	r.Sections = r.Sections[:1]
	if text, _ := write(t, r); !strings.HasSuffix(text, "\nnothing prevents a run, 1 note\n") {
		t.Errorf("%s", text)
	}
}
