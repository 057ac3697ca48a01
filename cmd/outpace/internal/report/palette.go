package report

import (
	"html/template"
	"strings"
)

// colour is what a name in the style sheets stands for. The hues are those of
// Okabe and Ito, which colour-blind people can tell apart, made darker or
// lighter until text in them has a contrast of 4.5 to 1.
type colour struct{ name, light, dark string }

func palette() []colour {
	return []colour{
		{"bg", "#ffffff", "#14181d"},
		{"faint", "#f4f6f8", "#1d2329"},
		{"line", "#d5dbe1", "#39424c"},
		{"soft", "#57606a", "#a3adb8"},
		{"ink", "#1a1f24", "#e8ebee"},
		{"best", "#fff3cf", "#3b3210"},
		{"warn", "#a33a00", "#ffb27d"},
		{"serial", "#57606a", "#a3adb8"},
		{"threads", "#00619f", "#6cbcf5"},
		{"processes", "#b04400", "#ff9f5f"},
		{"async", "#00705a", "#45d0a8"},
		{"hybrid", "#93407a", "#e8a3d0"},
	}
}

// variables declares the colours of one scheme for a page.
func variables(dark bool) template.CSS {
	var b strings.Builder
	for _, c := range palette() {
		b.WriteString("--" + c.name + ":" + c.value(dark) + ";")
	}
	return template.CSS(b.String())
}

// literal puts the colours of one scheme into a style sheet. An SVG file has
// them so, because not all that shows one knows variables.
func literal(css string, dark bool) template.CSS {
	var pairs []string
	for _, c := range palette() {
		pairs = append(pairs, "var(--"+c.name+")", c.value(dark))
	}
	return template.CSS(strings.NewReplacer(pairs...).Replace(css))
}

func (c colour) value(dark bool) string {
	if dark {
		return c.dark
	}
	return c.light
}
