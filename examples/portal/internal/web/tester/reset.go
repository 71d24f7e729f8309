package tester

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/stadttor/stadttor/examples/portal/internal/web"
)

func (p *Pages) resetPage(r *web.Request) error {
	return p.show(r, "reset", "/test/zuruecksetzen", web.View{}, nil)
}

// reset needs the box that says yes: everything that was entered is lost.
func (p *Pages) reset(r *web.Request) error {
	if err := r.Form(); err != nil {
		return err
	}
	if r.PostFormValue("ja") != "yes" {
		text := r.T("tester.reset.error")
		return p.show(r, "reset", "/test/zuruecksetzen", web.View{Errors: []web.FieldError{{Field: "ja", Text: text}}}, map[string]any{"Problem": text})
	}
	// A browser that goes away must not leave half a world.
	if err := p.Reset(context.WithoutCancel(r.Context())); err != nil {
		return err
	}
	r.Session = nil // it went with the rest
	return r.Redirect("/test?ok=zurueck")
}

// route is one address of the portal.
type route struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Area   string `json:"area"` // citizen, staff, test or technical
}

func (p *Pages) allRoutes() []route {
	out := []route{}
	for _, pattern := range p.core.Routes() {
		method, path, ok := strings.Cut(pattern, " ")
		if !ok {
			method, path = "", pattern
		}
		out = append(out, route{Method: method, Path: path, Area: area(path)})
	}
	return out
}

func area(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch first {
	case "amt":
		return "staff"
	case "test":
		return "test"
	case "static", "healthz", "saml", "robots.txt", "sitemap.xml":
		return "technical"
	}
	return "citizen"
}

func (p *Pages) routes(r *web.Request) error {
	type line struct{ Method, Path, Area string }
	var lines []line
	for _, x := range p.allRoutes() {
		lines = append(lines, line{x.Method, x.Path, r.T("tester.area." + x.Area)})
	}
	return p.show(r, "routes", "/test/adressen", web.View{}, map[string]any{"Routes": lines})
}

func (p *Pages) routesJSON(r *web.Request) error {
	body, err := json.MarshalIndent(p.allRoutes(), "", "  ")
	if err != nil {
		return err
	}
	r.W.Header().Set("Content-Type", "application/json")
	r.W.WriteHeader(http.StatusOK)
	_, _ = r.W.Write(append(body, '\n'))
	return nil
}
