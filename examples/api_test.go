package examples_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/build"
	"go/doc"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden lists of exported names anew")

// TestExportedNames compares what each component exports with the list in
// testdata/api. A difference is no mistake by itself: it must be meant, and
// have its line in CHANGELOG.md.
func TestExportedNames(t *testing.T) {
	t.Parallel()
	for _, c := range components {
		t.Run(c, func(t *testing.T) {
			t.Parallel()
			got := exported(t, c)
			golden := "testdata/api/" + c + ".txt"
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatalf("%v; write it with: go test ./examples -run TestExportedNames -update", err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); diff != "" {
				t.Errorf("the exported names differ (-%s +code); if that is meant, add a line to CHANGELOG.md and run go test ./examples -run TestExportedNames -update\n%s", golden, diff)
			}
		})
	}
}

// exported prints the exported declarations of all public packages of a
// component, without comments and bodies.
func exported(t *testing.T, component string) []byte {
	t.Helper()
	dirs := make(map[string]bool)
	for _, s := range sources(t) {
		if s.component() == component && !s.test() && !strings.Contains(s.rel, "/internal/") {
			dirs[s.dir()] = true
		}
	}
	var list []string
	for dir := range dirs {
		list = append(list, dir)
	}
	slices.Sort(list)
	var out bytes.Buffer
	for i, dir := range list {
		if i > 0 {
			out.WriteString("\n")
		}
		fmt.Fprintf(&out, "package %s\n", dir)
		for _, line := range declarations(t, dir) {
			fmt.Fprintf(&out, "\n%s\n", line)
		}
	}
	return out.Bytes()
}

func declarations(t *testing.T, dir string) []string {
	t.Helper()
	fset := token.NewFileSet()
	var parsed []*ast.File
	for _, s := range sources(t) {
		if s.dir() != dir || s.test() {
			continue
		}
		name, err := at(dir)
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := build.Default.MatchFile(name, path.Base(s.rel)); err != nil || !ok {
			continue
		}
		// Parsed anew without comments: go/doc changes what it is given.
		f, err := parser.ParseFile(fset, s.rel, read(t, s.rel), parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, f)
	}
	p, err := doc.NewFromFiles(fset, parsed, module+"/"+dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	show := func(d ast.Decl) {
		var b bytes.Buffer
		cfg := printer.Config{Mode: printer.UseSpaces, Tabwidth: 2}
		if err := cfg.Fprint(&b, fset, d); err != nil {
			t.Fatal(err)
		}
		out = append(out, tight(b.String()))
	}
	values := func(list []*doc.Value) {
		for _, v := range list {
			show(v.Decl)
		}
	}
	funcs := func(list []*doc.Func) {
		for _, f := range list {
			show(f.Decl)
		}
	}
	values(p.Consts)
	values(p.Vars)
	funcs(p.Funcs)
	for _, typ := range p.Types {
		show(typ.Decl)
		values(typ.Consts)
		values(typ.Vars)
		funcs(typ.Funcs)
		funcs(typ.Methods)
	}
	return out
}

// tight takes out the empty lines that stripped comments leave behind and the
// columns of the printer, which move when a neighbour changes.
func tight(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		body := strings.TrimLeft(line, " ")
		if words := strings.Join(strings.Fields(body), " "); words != "" {
			b.WriteString(line[:len(line)-len(body)] + words + "\n")
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}
