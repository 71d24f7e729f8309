package examples_test

import (
	"go/ast"
	"go/token"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestPackageComments(t *testing.T) {
	t.Parallel()
	r := rule{"each package has exactly one package comment", "go doc shows one text, and one place is kept up to date"}
	comments := make(map[string][]string)
	for _, s := range sources(t) {
		if s.test() {
			if s.ast.Doc != nil && len(strings.TrimSpace(s.ast.Doc.Text())) > 0 {
				r.broken(t, "%s is a test and has one", s.rel)
			}
			continue
		}
		list := comments[s.dir()]
		if s.ast.Doc != nil && strings.TrimSpace(s.ast.Doc.Text()) != "" {
			list = append(list, s.rel)
			first := "Package " + s.ast.Name.Name + " "
			if s.ast.Name.Name != "main" && !strings.HasPrefix(s.ast.Doc.Text(), first) {
				r.broken(t, "%s does not begin with %q", s.rel, first)
			}
		}
		comments[s.dir()] = list
	}
	for _, dir := range slices.Sorted(maps.Keys(comments)) {
		if n := len(comments[dir]); n != 1 {
			r.broken(t, "package %s has %d: %v", dir, n, comments[dir])
		}
	}
}

func TestComponentDocs(t *testing.T) {
	t.Parallel()
	r := rule{"doc.go of a component has under 120 lines", "it is read before the first use, so it must be readable at one go"}
	for _, s := range sources(t) {
		if s.component() != "" && s.rel == s.component()+"/doc.go" && s.size >= 120 {
			r.broken(t, "%s has %d", s.rel, s.size)
		}
	}
}

func TestExportedNamesAreDocumented(t *testing.T) {
	t.Parallel()
	r := rule{"each exported name has a comment that begins with it", "the comment is the contract: behaviour, units, errors"}
	for _, s := range sources(t) {
		if s.test() || s.ast.Name.Name == "main" {
			continue
		}
		for _, d := range s.ast.Decls {
			for _, name := range undocumented(d) {
				r.broken(t, "%s: %s", s.line(d), name)
			}
		}
	}
}

func undocumented(d ast.Decl) []string {
	var out []string
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && receiverExported(d) && !begins(d.Doc, d.Name.Name) {
			out = append(out, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				doc := spec.Doc
				if doc == nil {
					doc = d.Doc
				}
				if spec.Name.IsExported() && !begins(doc, spec.Name.Name) {
					out = append(out, spec.Name.Name)
				}
			case *ast.ValueSpec:
				// A group has one comment for all, or each its own.
				if !spec.Names[0].IsExported() || spec.Doc != nil || spec.Comment != nil {
					continue
				}
				if d.Doc == nil || d.Tok == token.VAR && !d.Lparen.IsValid() && !begins(d.Doc, spec.Names[0].Name) {
					out = append(out, spec.Names[0].Name)
				}
			}
		}
	}
	return out
}

// begins reports whether the comment begins with the name.
func begins(doc *ast.CommentGroup, name string) bool {
	if doc == nil {
		return false
	}
	first, _, _ := strings.Cut(strings.TrimSpace(doc.Text()), " ")
	first, _, _ = strings.Cut(first, "\n")
	return strings.TrimRight(first, ":,.") == name
}

func receiverExported(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return false
		}
	}
}
