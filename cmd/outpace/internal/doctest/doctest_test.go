package doctest

import (
	"context"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestBlocks(t *testing.T) {
	text := strings.Join([]string{
		"# Title", "", "```console", "$ echo 1", "1", "```", "text ``` text",
		"~~~~go run", "package main", "~~~", "~~~~~", "  ```", "  indented", "  ```",
		"```inline``` code", "    ```", "```", "open to the end",
	}, "\n")
	want := []Block{
		{4, "console", []string{"$ echo 1", "1"}},
		{9, "go run", []string{"package main", "~~~"}},
		{13, "", []string{"  indented"}},
		{18, "", []string{"open to the end"}},
	}
	if got := Blocks(text); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestSteps(t *testing.T) {
	b := Block{Line: 10, Lines: []string{"$ one", "1", "", "$ two \\", "    three", "$ four"}}
	want := []Step{
		{10, "one", []string{"1", ""}},
		{13, "two \\\n    three", nil},
		{15, "four", nil},
	}
	got, err := b.Steps()
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
	if _, err := (Block{Lines: []string{"output", "$ one"}}).Steps(); err == nil {
		t.Error("text before the first command passed")
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		want, got string // lines, separated by |
		matches   bool
	}{
		{"", "", true},
		{"a|b", "a|b", true},
		{"a|b", "a", false},
		{"a", "a|b", false},
		{"a|b", "b|a", false},
		{"...", "", true},
		{"...", "a|b", true},
		{"a|...|d", "a|b|c|d", true},
		{"a|...|d", "a|d", true},
		{"a|...|d", "a|d|e", false},
		{"...|d", "d|d", true},
		{"...|a|b|...", "a|a|b|c", true},
		{"...|a|...|c", "c|a|b", false},
		{"done in … s", "done in 3.2 s", true},
		{"done in … s", "done in 3.2 ms.", false},
		{"…", "", false},
		{"a…a", "a", false},
		{"a…b…c", "a-b-b-c", true},
		{"a…b…c", "a-c-b", false},
		{"......", "a", false},
	} {
		err := Match(cut(c.want), cut(c.got))
		if (err == nil) != c.matches {
			t.Errorf("%q against %q: %v", c.want, c.got, err)
		}
	}
}

func cut(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "|")
}

// FuzzMatch compares with a matcher that tries everything.
func FuzzMatch(f *testing.F) {
	f.Add("...|b|...|c", "a|b|c|b|c")
	f.Add("a…c|...", "abc|d")
	f.Fuzz(func(t *testing.T, want, got string) {
		if len(want) > 60 || len(got) > 60 || strings.Count(want, "…") > 4 || strings.Count(want, "...") > 4 {
			t.Skip()
		}
		w, g := cut(want), cut(got)
		if fast, slow := Match(w, g) == nil, matchSlowly(w, g); fast != slow {
			t.Errorf("%q against %q: Match says %v, trying everything %v", want, got, fast, slow)
		}
	})
}

func matchSlowly(want, got []string) bool {
	if len(want) == 0 {
		return len(got) == 0
	}
	if want[0] == "..." && (matchSlowly(want[1:], got) || len(got) > 0 && matchSlowly(want, got[1:])) {
		return true
	}
	return want[0] != "..." && len(got) > 0 && matchLineSlowly(want[0], got[0]) && matchSlowly(want[1:], got[1:])
}

func matchLineSlowly(want, got string) bool {
	if rest, ok := strings.CutPrefix(want, "…"); ok {
		return matchLineSlowly(rest, got) || got != "" && matchLineSlowly(want, got[1:])
	}
	if want == "" || got == "" {
		return want == got
	}
	return want[0] == got[0] && matchLineSlowly(want[1:], got[1:])
}

func TestConsole(t *testing.T) {
	for _, c := range []struct {
		name, block, fault string // fault "": none
	}{
		{"as shown", "$ echo one; echo two >&2|one|two|$ printf three|three|$ true", ""},
		{"one shell", "$ x=5|$ mkdir -p d && cd d|$ echo $x; basename $PWD|5|d", ""},
		{"a failure shown", "$ (exit 3)|$ echo $?|3", ""},
		{"a failure not shown", "$ (exit 3)|$ true", "exit code 3"},
		{"other output", "$ echo one|two", `"two"`},
		{"no stdin", "$ cat", ""},
		{"an exit", "$ exit 0|$ echo one|one", "did not end"},
		{"itself", "$ go test ./...", "would run this very test"},
	} {
		t.Run(c.name, func(t *testing.T) {
			steps, err := Block{Line: 1, Lines: cut(c.block)}.Steps()
			if err != nil {
				t.Fatal(err)
			}
			err = session(t).Console(t.Context(), steps)
			if c.fault == "" && err != nil || c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
				t.Errorf("got %v, want %q", err, c.fault)
			}
		})
	}
}

func TestConsoleTimeout(t *testing.T) {
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, errors.New("too long"))
	defer cancel()
	err := session(t).Console(ctx, []Step{{Line: 7, Command: "sleep 100 & sleep 100"}})
	if err == nil || !strings.Contains(err.Error(), "line 7") || !strings.Contains(err.Error(), "too long") {
		t.Errorf("got %v", err)
	}
}

func TestProgram(t *testing.T) {
	s := session(t)
	if err := os.WriteFile(s.Dir+"/go.mod", []byte("module example\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, body string
		good       bool
	}{
		{"runs", `println("hello")`, true},
		{"does not compile", `undefined()`, false},
		{"panics", `panic("no")`, false},
		{"prints as said", "fmt.Println(1)\n\t// Output:\n\t// 1", true},
		{"prints something else", "fmt.Println(2)\n\t// Output:\n\t// 1", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			program := "package main\n\nimport \"fmt\"\n\nvar _ = fmt.Sprint\n\nfunc main() {\n\t" + c.body + "\n}"
			if err := s.Program(t.Context(), strings.Split(program, "\n")); (err == nil) != c.good {
				t.Errorf("got %v", err)
			}
		})
	}
}

func session(t *testing.T) Session {
	t.Helper()
	return Session{Dir: t.TempDir(), Env: append(os.Environ(), "GOWORK=off", "GOFLAGS=-buildvcs=false")}
}
