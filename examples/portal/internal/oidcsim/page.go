package oidcsim

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

//go:embed page.html
var pageText string

//go:embed style.css
var styleText []byte

// page is what a page shows; one template serves all of them.
type page struct {
	Title, Base, Request, Client, Problem, Back string
	Groups                                      []group
	LoggedOut, Home                             bool
}

type group struct {
	Name   string
	People []Person
}

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// groups lists the people by department, both in the order of their names.
func (s *Server) groups(client string) []group {
	var out []group
	for _, p := range s.people(client) {
		name := p.Department
		if name == "" && len(p.Groups) > 0 {
			name = p.Groups[0]
		}
		if name == "" {
			name = "Weitere Beschäftigte"
		}
		i := slices.IndexFunc(out, func(g group) bool { return g.Name == name })
		if i < 0 {
			i = len(out)
			out = append(out, group{Name: name})
		}
		out[i].People = append(out[i].People, p)
	}
	slices.SortStableFunc(out, func(a, b group) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func (s *Server) render(w http.ResponseWriter, status int, redirect string, p page) {
	if u, err := url.Parse(s.URL); err == nil {
		p.Base = u.Path
	}
	var buf bytes.Buffer
	if err := pageTemplate.Execute(&buf, p); err != nil {
		http.Error(w, "page", http.StatusInternalServerError)
		return
	}
	form := "'self'"
	if u, err := url.Parse(redirect); err == nil && u.Host != "" {
		form += " " + u.Scheme + "://" + u.Host // browsers apply form-action to the redirect as well
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action "+form+"; base-uri 'none'; frame-ancestors 'none'")
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes()) // the browser went away
}

// problem tells the person what no client can be told.
func (s *Server) problem(w http.ResponseWriter, status int, text string) {
	s.render(w, status, "", page{Title: "Anmeldung nicht möglich", Problem: text})
}

func (s *Server) home(w http.ResponseWriter, _ *http.Request) {
	s.render(w, http.StatusOK, "", page{Title: "Personen des Anmeldedienstes (Simulator)", Home: true, Groups: s.groups("")})
}

func (s *Server) style(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	_, _ = w.Write(styleText) // the browser went away
}
