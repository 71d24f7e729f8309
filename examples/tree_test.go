package examples_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const (
	module   = "github.com/stadttor/stadttor"
	examples = module + "/examples"
)

// components are the only folders of the root module that hold code.
var components = []string{"bundid", "postkorb", "payment", "xzufi", "rbac", "federation"}

// at turns a path below the root of the repository into one that can be
// opened. It is not cleaned on purpose: go test notices changes only in files
// whose names begin with the folder of this module, so that with a clean path
// a kept result would hide a broken rule in the other module.
func at(rel string) (string, error) {
	here, err := os.Getwd()
	if err != nil {
		return "", err
	}
	return here + "/../" + rel, nil
}

// ignored names are left out by .gitignore as well.
func ignored(rel string, dir bool) bool {
	base := path.Base(rel)
	if dir {
		hidden := strings.HasPrefix(base, ".") && rel != ".ci"
		return hidden || base == "node_modules" || base == "data" || rel == ".ci/tmp" || rel == ".ci/bin"
	}
	return strings.HasSuffix(base, ".test") || strings.HasSuffix(base, ".out")
}

// allFiles lists the files of the repository, slash-separated below its root.
var allFiles = sync.OnceValues(func() ([]string, error) {
	var files []string
	var walk func(dir string) error
	walk = func(dir string) error {
		name, err := at(dir)
		if err != nil {
			return err
		}
		entries, err := os.ReadDir(name)
		if err != nil {
			return err
		}
		for _, e := range entries {
			rel := path.Join(dir, e.Name())
			switch {
			case ignored(rel, e.IsDir()):
			case e.IsDir():
				if err := walk(rel); err != nil {
					return err
				}
			case e.Type().IsRegular():
				files = append(files, rel)
			}
		}
		return nil
	}
	err := walk("")
	return files, err
})

func files(t *testing.T) []string {
	t.Helper()
	list, err := allFiles()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func read(t *testing.T, rel string) []byte {
	t.Helper()
	name, err := at(rel)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// source is one parsed Go file.
type source struct {
	rel  string
	fset *token.FileSet
	ast  *ast.File
	size int // lines
}

func (s source) test() bool  { return strings.HasSuffix(s.rel, "_test.go") }
func (s source) dir() string { return path.Dir(s.rel) }

// line says where a node stands.
func (s source) line(n ast.Node) string {
	p := s.fset.Position(n.Pos())
	p.Filename = s.rel
	p.Column = 0
	return p.String()
}

// component returns the first folder of the path, or "" outside components.
func (s source) component() string {
	first, _, _ := strings.Cut(s.rel, "/")
	if slices.Contains(components, first) {
		return first
	}
	return ""
}

var parseAll = sync.OnceValues(func() ([]source, error) {
	list, err := allFiles()
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	var out []source
	for _, rel := range list {
		if !strings.HasSuffix(rel, ".go") || strings.Contains(rel, "/testdata/") {
			continue
		}
		name, err := at(rel)
		if err != nil {
			return nil, err
		}
		raw, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		f, err := parser.ParseFile(fset, rel, raw, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		out = append(out, source{rel: rel, fset: fset, ast: f, size: bytes.Count(raw, []byte("\n"))})
	}
	return out, nil
})

func sources(t *testing.T) []source {
	t.Helper()
	list, err := parseAll()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// pkg is what go list says about a package.
type pkg struct {
	ImportPath string
	Name       string
	Standard   bool
	Module     *struct{ Path string }
	Imports    []string
	Deps       []string
}

// rel is the folder below the root of the repository.
func (p *pkg) rel() string { return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/") }

func (p *pkg) component() string {
	first, _, _ := strings.Cut(p.rel(), "/")
	return first
}

// kind tells the rooms of a component apart: "root" (with internal packages),
// "sql", "sim", "test" or "driver".
func (p *pkg) kind() string {
	_, rest, _ := strings.Cut(p.rel(), "/")
	first, _, _ := strings.Cut(rest, "/")
	for _, k := range []string{"sql", "sim", "test"} {
		if first == p.component()+k {
			return k
		}
	}
	if first == "" || first == "internal" {
		return "root"
	}
	return "driver"
}

type graph map[string]*pkg

func list(dir string) (graph, error) {
	name, err := at(dir)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Name,Standard,Module,Imports,Deps", "./...")
	cmd.Dir = filepath.Clean(name)
	cmd.Env = append(os.Environ(), "PWD="+cmd.Dir)
	raw, err := cmd.Output()
	if err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			err = errors.New(string(failed.Stderr))
		}
		return nil, err
	}
	g := make(graph)
	for dec := json.NewDecoder(bytes.NewReader(raw)); ; {
		var p pkg
		if err := dec.Decode(&p); err == io.EOF {
			return g, nil
		} else if err != nil {
			return nil, err
		}
		g[p.ImportPath] = &p
	}
}

var (
	rootGraph     = sync.OnceValues(func() (graph, error) { return list("") })
	examplesGraph = sync.OnceValues(func() (graph, error) { return list("examples") })
)

// own lists the graph's packages of one module in order.
func own(t *testing.T, load func() (graph, error), mod string) (graph, []*pkg) {
	t.Helper()
	g, err := load()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var out []*pkg
	for _, p := range g {
		if p.Module != nil && p.Module.Path == mod {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b *pkg) int { return strings.Compare(a.ImportPath, b.ImportPath) })
	if len(out) == 0 {
		t.Fatalf("go list found no package of %s", mod)
	}
	return g, out
}

// rule is one law of the house. A breach prints it with its reason.
type rule struct{ law, reason string }

func (r rule) broken(t *testing.T, format string, args ...any) {
	t.Helper()
	t.Errorf(format+"\n\trule:   "+r.law+"\n\treason: "+r.reason, args...)
}
