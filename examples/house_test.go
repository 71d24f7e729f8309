package examples_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/printer"
	"go/scanner"
	"go/token"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTopLevel(t *testing.T) {
	t.Parallel()
	r := rule{"the top level holds the six components, examples and the files of the house",
		"whoever opens the repository finds everything at once; there is no util, pkg, cmd or internal"}
	want := append([]string{"README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md",
		"go.mod", "go.sum", "go.work", "go.work.sum", "examples"}, components...)
	name, err := at("")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(name)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
		if !strings.HasPrefix(e.Name(), ".") && !ignored(e.Name(), e.IsDir()) && !slices.Contains(want, e.Name()) {
			r.broken(t, "%s at the top level", e.Name())
		}
	}
	for _, w := range want {
		if w != "go.work.sum" && !slices.Contains(got, w) {
			r.broken(t, "%s is missing at the top level", w)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	r := rule{"no file and no package is called util, common, helpers, models or types",
		"such a name says nothing; the code belongs where it is used"}
	empty := regexp.MustCompile(`^(utils?|common|helpers?|models|types|misc|interfaces)$`)
	for _, s := range sources(t) {
		file := strings.TrimSuffix(strings.TrimSuffix(path.Base(s.rel), ".go"), "_test")
		if empty.MatchString(file) || empty.MatchString(path.Base(s.dir())) || empty.MatchString(s.ast.Name.Name) {
			r.broken(t, "%s (package %s)", s.rel, s.ast.Name.Name)
		}
	}
}

func TestFileLength(t *testing.T) {
	t.Parallel()
	r := rule{"a Go file has at most 800 lines, 400 as a habit", "a room one can see at a glance"}
	for _, s := range sources(t) {
		if s.size > 800 {
			r.broken(t, "%s has %d lines", s.rel, s.size)
		}
	}
}

func TestNoHiddenState(t *testing.T) {
	t.Parallel()
	noInit := rule{"no init function", "importing a package changes nothing; two portals run in one process"}
	noVar := rule{"no package variable changes behaviour: exported ones are errors, others neither funcs nor pointers that could be replaced",
		"tests run in parallel, two portals run in one process"}
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		for _, d := range s.ast.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.Name == "init" {
					noInit.broken(t, "%s", s.line(d))
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					v, ok := spec.(*ast.ValueSpec)
					if ok && d.Tok == token.VAR && s.component() != "" && replaceable(v) {
						noVar.broken(t, "%s: var %s", s.line(v), v.Names[0])
					}
				}
			}
		}
	}
}

// replaceable reports whether a package variable looks like a setting.
func replaceable(v *ast.ValueSpec) bool {
	for _, name := range v.Names {
		if name.Name == "_" {
			return false
		}
		if name.IsExported() && !strings.HasPrefix(name.Name, "Err") {
			return true
		}
	}
	switch v.Type.(type) {
	case *ast.FuncType, *ast.StarExpr:
		return true
	}
	return slices.ContainsFunc(v.Values, func(x ast.Expr) bool {
		switch x := x.(type) {
		case *ast.FuncLit, *ast.SelectorExpr, *ast.UnaryExpr:
			return true
		case *ast.CallExpr:
			name, ok := x.Fun.(*ast.Ident)
			return ok && name.Name == "new"
		}
		return false
	})
}

func TestStoreSuites(t *testing.T) {
	t.Parallel()
	r := rule{"the conformance suite of each component runs on memory, SQLite and PostgreSQL",
		"three stores that nobody compares are three behaviours"}
	for _, c := range components {
		want := map[string][]string{c: {"MemStore"}, c + "/" + c + "sql": {"SQLite", "Postgres"}}
		for dir, databases := range want {
			calls := suiteCalls(t, dir, c+"test")
			for _, db := range databases {
				if !slices.ContainsFunc(calls, func(call string) bool { return strings.Contains(strings.ToLower(call), strings.ToLower(db)) }) {
					r.broken(t, "no test in %s calls %stest.TestStore with %s", dir, c, db)
				}
			}
		}
	}
}

// suiteCalls prints the calls of suite.TestStore in the tests of a folder.
func suiteCalls(t *testing.T, dir, suite string) []string {
	t.Helper()
	var calls []string
	for _, s := range sources(t) {
		if s.dir() != dir || !s.test() {
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || sel.Sel.Name != "TestStore" {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == suite {
				var b bytes.Buffer
				if err := printer.Fprint(&b, s.fset, call); err != nil {
					t.Fatal(err)
				}
				calls = append(calls, b.String())
			}
			return true
		})
	}
	return calls
}

func TestMigrateCopies(t *testing.T) {
	t.Parallel()
	r := rule{"the migrate.go files are equal but for the package name and the constant component",
		"six small copies keep the components independent as long as they cannot drift apart"}
	first := tokens(t, components[0])
	for _, c := range components[1:] {
		other := tokens(t, c)
		for i := range max(len(first), len(other)) {
			if i >= len(first) || i >= len(other) || first[i] != other[i] {
				r.broken(t, "%s: token %d differs from that of %s: %q", c, i, components[0], other[min(i, len(other)-1)])
				break
			}
		}
	}
}

// tokens scans a component's migrate.go; what may differ is left out.
func tokens(t *testing.T, component string) []string {
	t.Helper()
	rel := component + "/" + component + "sql/migrate.go"
	raw := read(t, rel)
	var s scanner.Scanner
	fset := token.NewFileSet()
	s.Init(fset.AddFile(rel, -1, len(raw)), raw, func(p token.Position, msg string) { t.Errorf("%v: %s", p, msg) }, 0)
	var out []string
	for {
		_, tok, lit := s.Scan()
		if tok == token.EOF {
			return out
		}
		n := len(out)
		switch {
		case n == 1 && lit == component+"sql":
			lit = "package name"
		case n > 2 && out[n-1] == "=" && out[n-2] == "IDENT component" && lit == fmt.Sprintf("%q", component):
			lit = "component"
		case tok == token.SEMICOLON:
			lit = "" // written or inserted
		}
		out = append(out, strings.TrimSpace(tok.String()+" "+lit))
	}
}

func TestMigrationNumbers(t *testing.T) {
	t.Parallel()
	r := rule{"migrations are numbered 0001, 0002, ... without gaps, one file each",
		"they run in the order of their names, and a number used twice would run once"}
	name := regexp.MustCompile(`^(\d{4})_[a-z0-9_]+\.tx\.up\.sql$`)
	next := make(map[string]int)
	for _, rel := range files(t) {
		dir := path.Dir(rel)
		if path.Base(dir) != "migrations" {
			continue
		}
		next[dir]++
		m := name.FindStringSubmatch(path.Base(rel))
		if m == nil || m[1] != fmt.Sprintf("%04d", next[dir]) {
			r.broken(t, "%s, want number %04d and the form 0001_name.tx.up.sql", rel, next[dir])
		}
	}
	for _, c := range components {
		if dir := c + "/" + c + "sql/migrations"; next[dir] == 0 {
			r.broken(t, "%s has no migrations", dir)
		}
	}
}

func TestNothingOfOneMachine(t *testing.T) {
	t.Parallel()
	r := rule{"no file names a folder of one machine or the host of a package registry",
		"the repository works wherever it is checked out, with whatever mirror is configured there"}
	// In parts, so that this file does not break the rule itself.
	machines := []string{"/" + "work/", "/" + "root/", "/" + "home/", "/" + "Users/"}
	hosts := []string{"proxy." + "golang.org", "registry." + "npmjs.org", "deb." + "debian.org"}
	for _, rel := range files(t) {
		raw := read(t, rel)
		if strings.HasSuffix(rel, ".sum") || !utf8.Valid(raw) {
			continue
		}
		for _, m := range machines {
			// The expression alone would be slow on large files.
			if bytes.Contains(raw, []byte(m)) && regexp.MustCompile(`(^|[^\w.\-/])`+m).Match(raw) {
				r.broken(t, "%s contains %q", rel, m)
			}
		}
		for _, h := range hosts {
			if bytes.Contains(raw, []byte(h)) {
				r.broken(t, "%s contains %q", rel, h)
			}
		}
	}
}

func TestChangelog(t *testing.T) {
	t.Parallel()
	r := rule{"CHANGELOG.md has a section Unreleased", "a change that users see comes with its line"}
	if !regexp.MustCompile(`(?m)^## \[?Unreleased\]?`).Match(read(t, "CHANGELOG.md")) {
		r.broken(t, "CHANGELOG.md has none")
	}
}
