package web

import (
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"strings"
	"sync"
	"text/template/parse"
)

// layoutOf names the layout of a page.
func layoutOf(name string) string {
	if strings.HasPrefix(name, "desk/") || strings.HasPrefix(name, "bis/") {
		return "staff-layout"
	}
	return "layout"
}

// trees are parsed templates by name, not yet bound to a language.
type trees map[string]*parse.Tree

// compile reads every file once. A page gets only those of the shared
// templates that it uses, and is made for a language when it is first shown:
// all of them for all languages would take 100 MB.
func (r *Renderer) compile(templates fs.FS, texts *Texts) error {
	shared := trees{}
	parts, err := fs.Glob(templates, "parts/*.html")
	if err != nil {
		return err
	}
	for _, name := range append(parts, "layout.html", "staff-layout.html") {
		if _, err := fs.Stat(templates, name); err != nil {
			continue
		}
		if err := r.parse(templates, texts, name, shared); err != nil {
			return err
		}
	}
	pages, err := fs.Glob(templates, "*/*.html")
	if err != nil {
		return err
	}
	var problems []error
	for _, file := range pages {
		if strings.HasPrefix(file, "parts/") {
			continue
		}
		all := maps.Clone(shared)
		if err := r.parse(templates, texts, file, all); err != nil {
			problems = append(problems, err)
			continue
		}
		name := strings.TrimSuffix(file, ".html")
		used, err := all.used(layoutOf(name))
		if err != nil {
			problems = append(problems, fmt.Errorf("web: template %s: %w", file, err))
			continue
		}
		for _, lang := range languages {
			r.pages[lang+" "+name] = sync.OnceValues(func() (*template.Template, error) { return used.bind(r.funcs(texts, lang)) })
		}
	}
	return errors.Join(problems...)
}

// parse adds the templates of a file.
func (r *Renderer) parse(templates fs.FS, texts *Texts, file string, into trees) error {
	t, err := template.New("").Funcs(r.funcs(texts, German)).ParseFS(templates, file)
	if err != nil {
		return fmt.Errorf("web: template %s: %w", file, err)
	}
	for _, x := range t.Templates() {
		if x.Tree != nil && x.Tree.Root != nil {
			into[x.Name()] = x.Tree
		}
	}
	return nil
}

// used are the templates that a layout needs, directly or not.
func (all trees) used(layout string) (trees, error) {
	out := trees{}
	open := []string{layout}
	for len(open) > 0 {
		name := open[len(open)-1]
		open = open[:len(open)-1]
		if out[name] != nil {
			continue
		}
		t := all[name]
		if t == nil {
			return nil, fmt.Errorf("no template %q", name)
		}
		out[name] = t
		open = append(open, calls(t.Root)...)
	}
	return out, nil
}

// calls names the templates that a node calls.
func calls(n parse.Node) []string {
	list := func(lists ...*parse.ListNode) (out []string) {
		for _, l := range lists {
			if l == nil {
				continue
			}
			for _, n := range l.Nodes {
				out = append(out, calls(n)...)
			}
		}
		return out
	}
	switch n := n.(type) {
	case *parse.ListNode:
		return list(n)
	case *parse.IfNode:
		return list(n.List, n.ElseList)
	case *parse.RangeNode:
		return list(n.List, n.ElseList)
	case *parse.WithNode:
		return list(n.List, n.ElseList)
	case *parse.TemplateNode:
		return []string{n.Name}
	}
	return nil
}

// bind makes templates of one language. Trees are copied: escaping changes
// them.
func (used trees) bind(funcs template.FuncMap) (*template.Template, error) {
	t := template.New("").Option("missingkey=zero").Funcs(funcs)
	for name, tree := range used {
		if _, err := t.AddParseTree(name, tree.Copy()); err != nil {
			return nil, err
		}
	}
	return t, nil
}
