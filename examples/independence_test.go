package examples_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestComponentsAreIndependent(t *testing.T) {
	t.Parallel()
	r := rule{"a component imports neither another component nor anything under examples",
		"each is sold, embedded and audited alone"}
	_, packages := own(t, rootGraph, module)
	for _, p := range packages {
		for _, dep := range p.Deps {
			rest, ours := strings.CutPrefix(dep, module+"/")
			if !ours {
				continue
			}
			if first, _, _ := strings.Cut(rest, "/"); first != p.component() {
				r.broken(t, "%s depends on %s", p.rel(), rest)
			}
		}
	}
	// go list without -test does not see what the tests import.
	for _, s := range sources(t) {
		if s.component() == "" || !s.test() {
			continue
		}
		for _, spec := range s.ast.Imports {
			rest, ours := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), module+"/")
			if !ours {
				continue
			}
			if first, _, _ := strings.Cut(rest, "/"); first != s.component() {
				r.broken(t, "%s imports %s", s.line(spec), rest)
			}
		}
	}
}

func TestOnlyComponentsInRootModule(t *testing.T) {
	t.Parallel()
	r := rule{"the root module holds the six components and nothing else",
		"whoever imports one component must inherit none of the portal's dependencies"}
	_, packages := own(t, rootGraph, module)
	for _, p := range packages {
		if !slices.Contains(components, p.component()) {
			r.broken(t, "package %s", p.ImportPath)
		}
	}
}

// libraries names the modules that the packages of a component may depend on,
// directly or not, beyond the standard library, each with its reason. The key
// is a component for its root and internal packages, or the folder of a
// sub-package; what a component may, its sub-packages may as well.
var libraries = map[string]map[string]string{
	"bundid": {
		"github.com/beevik/etree":             "builds and writes XML elements",
		"github.com/russellhaering/gosaml2":   "Go types of SAML metadata and requests",
		"github.com/russellhaering/goxmldsig": "types of signatures, needed by those of gosaml2",
	},
	"bundid/bundidsim": {
		"github.com/russellhaering/goxmldsig": "canonical XML that is not the component's own",
		"github.com/jonboulle/clockwork":      "needed by goxmldsig",
	},
	"xzufi": {
		"github.com/blevesearch/snowballstem": "German stems for the search",
		"golang.org/x/text":                   "Unicode normal forms for the search",
	},
	"federation": {
		"github.com/hashicorp/golang-lru/v2": "keeps answers of members",
		"github.com/sony/gobreaker/v2":       "leaves members alone that fail",
		"golang.org/x/sync":                  "asks the same question once at a time",
	},
	"postkorb/smtp": {
		"github.com/wneessen/go-mail": "builds and sends mail",
		"golang.org/x/text":           "needed by go-mail",
		"golang.org/x/crypto":         "needed by go-mail",
		"golang.org/x/net":            "needed by go-mail",
	},
}

// sqlLibraries are those of every package that keeps rows.
var sqlLibraries = map[string]string{
	"github.com/uptrace/bun":              "SQL for several databases on the caller's handle",
	"github.com/jinzhu/inflection":        "needed by bun",
	"github.com/puzpuzpuz/xsync/v3":       "needed by bun",
	"github.com/tmthrgd/go-hex":           "needed by bun",
	"github.com/vmihailenco/msgpack/v5":   "needed by bun",
	"github.com/vmihailenco/tagparser/v2": "needed by bun",
	"golang.org/x/sys":                    "needed by bun",
}

// testLibraries are those of the conformance suites.
var testLibraries = map[string]string{
	"github.com/google/go-cmp": "prints differences",
	"pgregory.net/rapid":       "random cases",
}

func TestOnlyNamedLibraries(t *testing.T) {
	t.Parallel()
	r := rule{"a component depends on the standard library and on the modules named for it in CONTRIBUTING.md",
		"vendors audit what they embed"}
	g, packages := own(t, rootGraph, module)
	for _, p := range packages {
		allowed := []map[string]string{libraries[p.component()], libraries[p.rel()]}
		switch p.kind() {
		case "sql":
			allowed = append(allowed, sqlLibraries)
		case "test":
			allowed = append(allowed, testLibraries)
		}
		refused := make(map[string]bool)
		for _, path := range p.Deps {
			dep := g[path]
			if dep.Standard || dep.Module == nil || dep.Module.Path == module {
				continue
			}
			mod := dep.Module.Path
			if !refused[mod] && !slices.ContainsFunc(allowed, func(m map[string]string) bool { return m[mod] != "" }) {
				refused[mod] = true
				r.broken(t, "%s depends on module %s (package %s)", p.rel(), mod, path)
			}
		}
	}
}

// Every module that a component may depend on, and why, is written where
// people look for it.
func TestLibrariesAreExplained(t *testing.T) {
	t.Parallel()
	r := rule{"CONTRIBUTING.md has one line of reason and the licence for each direct requirement of both modules",
		"nobody can audit a list without reasons"}
	text := string(read(t, "CONTRIBUTING.md"))
	for _, in := range []string{"", "examples/"} {
		for _, mod := range direct(t, in) {
			if !strings.Contains(text, "| `"+mod+"` |") {
				r.broken(t, "%sgo.mod requires %s, CONTRIBUTING.md does not explain it", in, mod)
			}
		}
	}
}

// direct lists the requirements of the module in a folder whose packages it
// imports itself, tests included.
func direct(t *testing.T, in string) []string {
	t.Helper()
	var required []string
	for line := range strings.Lines(string(read(t, in+"go.mod"))) {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(fields) > 1 && strings.HasPrefix(fields[1], "v") && fields[0] != module {
			required = append(required, fields[0])
		}
	}
	used := make(map[string]bool)
	for _, s := range sources(t) {
		if (s.component() != "") != (in == "") {
			continue
		}
		for _, spec := range s.ast.Imports {
			path, best := strings.Trim(spec.Path.Value, `"`), ""
			for _, mod := range required {
				if (path == mod || strings.HasPrefix(path, mod+"/")) && len(mod) > len(best) {
					best = mod
				}
			}
			if best != "" {
				used[best] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(used))
}

func TestNoTestCodeInProduction(t *testing.T) {
	t.Parallel()
	r := rule{"only packages named ...test depend on testing",
		"no test code in a vendor's program; the portal starts the simulators in its demo mode"}
	_, packages := own(t, rootGraph, module)
	for _, p := range packages {
		if p.kind() != "test" && slices.Contains(p.Deps, "testing") {
			r.broken(t, "%s depends on testing", p.rel())
		}
	}
	_, packages = own(t, examplesGraph, examples)
	for _, p := range packages {
		if p.Name == "main" && slices.Contains(p.Deps, "testing") {
			r.broken(t, "program %s depends on testing", p.rel())
		}
	}
}

// bunModule reports whether the import path belongs to bun itself.
func bunModule(path string) bool {
	return path == "github.com/uptrace/bun" || strings.HasPrefix(path, "github.com/uptrace/bun/")
}

// database reports whether the import path is that of a dialect or driver.
func database(path string) bool {
	for _, p := range []string{
		"github.com/uptrace/bun/dialect/sqlitedialect", "github.com/uptrace/bun/dialect/pgdialect",
		"github.com/uptrace/bun/dialect/mysqldialect", "github.com/uptrace/bun/driver",
		"modernc.org/sqlite", "github.com/mattn/go-sqlite3", "github.com/jackc/pgx", "github.com/lib/pq",
	} {
		if path == p || strings.HasPrefix(path, p+"/") {
			return true
		}
	}
	return false
}

func TestOnlySQLPackagesImportBun(t *testing.T) {
	t.Parallel()
	r := rule{"only ...sql packages import bun", "who keeps rows elsewhere must not carry it"}
	_, packages := own(t, rootGraph, module)
	for _, p := range packages {
		if i := slices.IndexFunc(p.Deps, bunModule); i >= 0 && p.kind() != "sql" {
			r.broken(t, "%s depends on %s", p.rel(), p.Deps[i])
		}
	}
}

func TestNoDatabaseInComponents(t *testing.T) {
	t.Parallel()
	r := rule{"dialects and drivers appear only in tests and in examples", "the vendor picks the database"}
	_, packages := own(t, rootGraph, module)
	for _, p := range packages {
		if i := slices.IndexFunc(p.Deps, database); i >= 0 {
			r.broken(t, "%s depends on %s", p.rel(), p.Deps[i])
		}
	}
}

func TestOneLogger(t *testing.T) {
	t.Parallel()
	r := rule{"log/slog is the only logging and comes from the caller",
		"one program has one log, and personal data is kept out in one place"}
	loggers := []string{"log", "github.com/sirupsen/logrus", "go.uber.org/zap", "github.com/rs/zerolog"}
	g, packages := own(t, rootGraph, module)
	_, more := own(t, examplesGraph, examples)
	for _, p := range append(packages, more...) {
		for _, path := range p.Imports {
			if slices.Contains(loggers, path) {
				r.broken(t, "%s imports %s", p.rel(), path)
			}
		}
	}
	telemetry := rule{"no telemetry library in the components",
		"tracing and metrics come in through the http.Client, bun.DB and slog.Logger that the caller passes"}
	for path, p := range g {
		if !p.Standard && (strings.HasPrefix(path, "go.opentelemetry.io/") || strings.HasPrefix(path, "github.com/prometheus/")) {
			telemetry.broken(t, "the components depend on %s", path)
		}
	}
}
