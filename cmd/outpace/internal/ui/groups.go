package ui

import (
	"fmt"
	"slices"
	"strings"
)

const (
	maxKinds   = 200 // kinds of failure that are told apart, and again as many types
	maxMessage = 300 // characters of a message that are kept
	shownKinds = 10  // lines about kinds at the end
	fewAlone   = 3   // so many failures of one type with messages of their own are a line each
)

// Group is failures of one kind: of the same type, with the same message.
type Group struct {
	Count   int64
	First   int    // index of the input that failed so first
	Type    string // "" where types are mixed too
	Message string // of the first, shortened
	Cause   string
	Mixed   bool // the others' messages differ

	label string
}

// Groups gathers failures by kind. The memory it takes is bounded: kinds that
// come too late are gathered by type alone, and then as one. The zero value is
// ready to use.
type Groups struct {
	kinds map[kind]*Group
}

type kind struct{ cause, name, text string }

// Add takes one failure and reports whether it is the first of its kind.
func (g *Groups) Add(index int, f Fault) bool {
	if g.kinds == nil {
		g.kinds = map[kind]*Group{}
	}
	k := kind{f.Cause, f.Type, f.alike}
	if k.text == "" {
		k.text = "=" + Shorten(f.Message, maxMessage)
	}
	mixed := false
	if _, known := g.kinds[k]; !known && len(g.kinds) >= maxKinds {
		mixed, k.text = true, ""
		if _, known = g.kinds[k]; !known && len(g.kinds) >= 2*maxKinds {
			k = kind{}
		}
	}
	if group, known := g.kinds[k]; known {
		group.Count++
		return false
	}
	g.kinds[k] = &Group{Count: 1, First: index, Type: k.name, Cause: k.cause, Mixed: mixed,
		Message: Shorten(f.Message, maxMessage), label: Shorten(f.String(), maxMessage)}
	return true
}

// List returns the groups, the largest first.
func (g *Groups) List() []Group {
	list := make([]Group, 0, len(g.kinds))
	for _, group := range g.kinds {
		list = append(list, *group)
	}
	sortGroups(list)
	return list
}

func sortGroups(list []Group) {
	slices.SortFunc(list, func(a, b Group) int {
		if a.Count != b.Count {
			return int(min(max(b.Count-a.Count, -1), 1))
		}
		return a.First - b.First
	})
}

// line is what is told of a group at the end.
func (g Group) line() string {
	switch {
	case g.Mixed && g.Type == "":
		return fmt.Sprintf("%d x failures of other types (first: input %d: %s)", g.Count, g.First, Shorten(g.label, 80))
	case g.Mixed:
		return fmt.Sprintf("%d x %s, with different messages (first: input %d: %s)", g.Count, g.Type, g.First, Shorten(g.Message, 80))
	case g.Count == 1:
		return fmt.Sprintf("1 x %s (input %d)", Shorten(g.label, 160), g.First)
	}
	return fmt.Sprintf("%d x %s (first: input %d)", g.Count, Shorten(g.label, 160), g.First)
}

// groupLines returns what is told at the end of the groups of a run: not those
// of one failure whose block was shown, and failures of one type with a message
// each together, where they are many. kept reports whether a file has them all.
func groupLines(groups []Group, shown map[int]bool, kept bool) string {
	rest := slices.DeleteFunc(together(groups, shown), func(g Group) bool { return g.Count == 1 && shown[g.First] })
	var b strings.Builder
	for i, g := range rest {
		if i == shownKinds {
			hint := " (hint: --failed FILE has all of them)"
			if kept {
				hint = ""
			}
			fmt.Fprintf(&b, "outpace: ... and %s of failure%s\n", plural(int64(len(rest)-i), "other kind"), hint)
			break
		}
		b.WriteString("outpace: " + g.line() + "\n")
	}
	return b.String()
}

// together makes one group of the groups of one failure that have the same
// type, unless they are few or all were shown.
func together(groups []Group, shown map[int]bool) []Group {
	type key struct{ cause, name string }
	single, unseen := map[key]int{}, map[key]bool{}
	for _, g := range groups {
		k := key{g.Cause, g.Type}
		switch {
		case g.Mixed:
			unseen[k], single[k] = true, single[k]+fewAlone
		case g.Count == 1:
			single[k]++
			unseen[k] = unseen[k] || !shown[g.First]
		}
	}
	merged := map[key]*Group{}
	var list []Group
	for _, g := range groups {
		k := key{g.Cause, g.Type}
		if !g.Mixed && g.Count > 1 || single[k] <= fewAlone || !unseen[k] {
			list = append(list, g)
			continue
		}
		m := merged[k]
		if m == nil {
			m = &Group{First: g.First, Type: g.Type, Cause: g.Cause, Message: g.Message, label: g.label, Mixed: true}
			merged[k] = m
		}
		m.Count += g.Count
		if g.First < m.First {
			m.First, m.Message, m.label = g.First, g.Message, g.label
		}
	}
	for _, m := range merged {
		list = append(list, *m)
	}
	sortGroups(list)
	return list
}
