package portal_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// role is somebody who uses the portal, with the pages where the way begins.
type role struct {
	name  string
	enter func(v *visitor)
	start []string
}

func roles() []role {
	common := []string{"/", "/ort?q=27898", "/suche?q=Hund", "/suche?q=xyzxyz", "/suche", "/hilfe", "/leichte-sprache", "/gebaerdensprache", "/barrierefreiheit",
		"/robots.txt", "/sitemap.xml", "/impressum", "/datenschutz", "/cookies", "/lizenzen", "/barriere-melden", "/anmelden", "/abgemeldet", "/test", "/amt/anmelden",
		"/antrag/neu/buechereiausweis", "/antrag/neu/hund-anmelden", "/antrag/neu/meldebescheinigung", "/antrag/neu/allgemeines-anliegen", "/konto", "/antraege", "/postkorb", "/entwuerfe"}
	desks := []string{"/amt", "/amt/eingang", "/amt/meine", "/amt/abgeschlossen", "/amt/wiedervorlagen", "/"}
	return []role{
		{"citizen", enterAsCitizen, append([]string{"/konto", "/konto/daten", "/konto/trennen", "/konto/loeschen", "/antraege", "/postkorb", "/entwuerfe"}, common...)},
		{"head", func(v *visitor) { desk(v, "Birgit Lüken") }, desks},
		{"clerk", func(v *visitor) { desk(v, "Svenja Meiners") }, desks},
		{"auditor", func(v *visitor) { desk(v, "Ingrid Rohde") }, desks},
		{"treasurer", func(v *visitor) { desk(v, "Holger Tapken") }, desks},
		{"visitor", func(*visitor) {}, common},
	}
}

// enterAsCitizen logs in and begins applications.
func enterAsCitizen(v *visitor) {
	v.t.Helper()
	consent(bundid(v.get("/anmelden"), "Meike Harms: Online-Ausweis"))
	for _, name := range []string{"hund-anmelden", "meldebescheinigung", "allgemeines-anliegen"} {
		p := v.get("/antrag/neu/" + name + "?ort=033990004004").form("Antrag beginnen").send().want()
		if name == "hund-anmelden" { // on to the list of dogs
			p.form("weiter").send().want().form("weiter").send().want("Noch kein Eintrag")
		}
	}
}

// site is what a walk over the pages found.
type site struct {
	base     string
	patterns *http.ServeMux // the portal's addresses, without its pages
	routes   []string
	assets   map[string]bool
	samples  map[string]string // pattern -> an address that was seen
	forms    []foundForm
	known    map[string]bool // forms that were seen already
	looked   map[string]bool // patterns of the pages that were looked at
	found    findings
	seen     int // pages looked at
	asked    int // requests with bad input
}

// foundForm is a form that stands on a page, for whom it stands there.
type foundForm struct {
	role    string
	pattern string
	form    *form
}

func newSite(t *testing.T, v *visitor) *site {
	t.Helper()
	s := &site{base: v.base, patterns: http.NewServeMux(), assets: map[string]bool{}, samples: map[string]string{}, looked: map[string]bool{}, known: map[string]bool{}}
	var routes []struct{ Method, Path string }
	list := v.get("/test/adressen.json")
	if err := json.Unmarshal([]byte(list.body), &routes); err != nil || len(routes) < 50 {
		t.Fatalf("%d addresses, %v", len(routes), err)
	}
	for _, r := range routes {
		pattern := strings.TrimSpace(r.Method + " " + r.Path)
		s.routes = append(s.routes, pattern)
		s.patterns.Handle(pattern, http.NotFoundHandler())
	}
	return s
}

// pattern names the route that serves an address, empty when there is none.
func (s *site) pattern(method string, u *url.URL) string {
	req := &http.Request{Method: strings.ToUpper(method), URL: u, Host: u.Host}
	_, pattern := s.patterns.Handler(req)
	return pattern
}

// perPattern bounds how many pages of one kind are looked at.
// In German it is twice as many.
const perPattern, maxPages = 3, 400

// crawl follows all links of one role in one language.
func (s *site) crawl(v *visitor, r role, lang string) {
	queue := slices.Clone(r.start)
	known, count := map[string]bool{}, map[string]int{}
	for _, q := range queue {
		known[q] = true
	}
	for n := 0; n < len(queue) && n < maxPages; n++ {
		p := v.get(queue[n])
		if "http://"+p.url.Host != s.base {
			continue
		}
		s.seen++
		where := fmt.Sprintf("%s %s %s", r.name, lang, queue[n])
		s.looked[s.pattern("GET", p.url)] = true
		if p.status != http.StatusOK {
			s.found.add(where, fmt.Sprintf("status %d of %s", p.status, p.url.Path))
			continue
		}
		if p.doc == nil {
			continue
		}
		for _, check := range pageChecks {
			for _, problem := range check.find(p, lang) {
				s.found.add(where, check.name+": "+problem)
			}
		}
		if lang == "de" {
			s.collectForms(p, r.name)
		}
		for _, address := range s.targets(where, p) {
			u, err := url.Parse(address)
			if err != nil || known[address] {
				continue
			}
			pattern := s.pattern("GET", u)
			limit := perPattern
			if lang == "de" {
				limit *= 2
			}
			if count[pattern]++; count[pattern] > limit {
				continue
			}
			known[address] = true
			queue = append(queue, address)
		}
	}
}

// targets returns the internal links of a page and checks that each leads to
// a route. Assets are kept for later.
func (s *site) targets(where string, p *page) []string {
	var out []string
	see := func(method, ref string) {
		u, err := p.url.Parse(ref)
		if err != nil {
			s.found.add(where, fmt.Sprintf("the address %q cannot be read", ref))
			return
		}
		if u.Host != p.url.Host || u.Scheme != p.url.Scheme {
			return
		}
		u.Fragment = ""
		pattern := s.pattern(method, u)
		if pattern == "" {
			s.found.add(where, fmt.Sprintf("%s %s leads nowhere", method, u.Path))
			return
		}
		if strings.HasPrefix(u.Path, "/static/") {
			s.assets[u.RequestURI()] = true
			return
		}
		if old, ok := s.samples[pattern]; !u.Query().Has("lang") && (!ok || len(u.RequestURI()) > len(old)) {
			s.samples[pattern] = u.RequestURI()
		}
		if method == "GET" && !u.Query().Has("lang") {
			out = append(out, u.RequestURI())
		}
	}
	walkHTML(p.doc, func(n *html.Node) {
		for _, name := range []string{"href", "src"} {
			if ref, ok := attr(n, name); ok {
				see("GET", ref)
			}
		}
		if n.Data != "form" {
			return
		}
		method, _ := attr(n, "method")
		action, _ := attr(n, "action")
		if strings.EqualFold(method, "post") {
			see("POST", action)
		} else if u, err := p.url.Parse(action); err == nil && u.Host == p.url.Host && s.pattern("GET", u) == "" {
			s.found.add(where, fmt.Sprintf("the form leads to %s, which is nowhere", u.Path))
		}
	})
	return out
}

// collectForms keeps each form once, whoever sees it first.
func (s *site) collectForms(p *page, who string) {
	p.each("form", func(n *html.Node) {
		f := p.readForm(n)
		u, err := p.url.Parse(f.action)
		if err != nil || u.Host != p.url.Host {
			return
		}
		pattern := s.pattern(f.method, u)
		key := pattern + " " + strings.Join(slices.Sorted(maps.Keys(f.names)), " ")
		if s.known[key] {
			return
		}
		s.known[key] = true
		s.forms = append(s.forms, foundForm{who, pattern, f})
	})
}

func walkHTML(n *html.Node, do func(*html.Node)) {
	if n.Type == html.ElementNode {
		do(n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		walkHTML(c, do)
	}
}

// pageChecks are the rules that every page keeps, each for itself.
var pageChecks = []struct {
	name string
	find func(p *page, lang string) []string
}{
	{"headings", checkHeadings},
	{"ids", checkIDs},
	{"labels", checkLabels},
	{"names", checkNames},
	{"language", checkLanguage},
	{"title", checkTitle},
	{"leftovers", checkLeftovers},
	{"inline code", checkInline},
}

// checkHeadings wants one h1 and no level left out.
func checkHeadings(p *page, _ string) (bad []string) {
	first, last := 0, 0
	walkHTML(p.doc, func(n *html.Node) {
		if len(n.Data) != 2 || n.Data[0] != 'h' || n.Data[1] < '1' || n.Data[1] > '6' {
			return
		}
		level := int(n.Data[1] - '0')
		if level == 1 {
			first++
		}
		if level > last+1 && !(last == 0 && level == 2 && inErrors(n)) {
			bad = append(bad, fmt.Sprintf("h%d %q follows h%d", level, nodeText(n), last))
		}
		if nodeText(n) == "" {
			bad = append(bad, n.Data+" is empty")
		}
		last = level
	})
	if first != 1 {
		bad = append(bad, fmt.Sprintf("%d h1", first))
	}
	return bad
}

// inErrors reports whether a node belongs to the summary of errors, which
// stands before everything else on a page.
func inErrors(n *html.Node) bool {
	for ; n != nil; n = n.Parent {
		if class, _ := attr(n, "class"); strings.Contains(class, "error-summary") {
			return true
		}
	}
	return false
}

// checkIDs wants every id once, and all that others point to.
func checkIDs(p *page, _ string) (bad []string) {
	ids := map[string]bool{}
	walkHTML(p.doc, func(n *html.Node) {
		if id, ok := attr(n, "id"); ok {
			if ids[id] || id == "" || strings.ContainsAny(id, " \t\n") {
				bad = append(bad, fmt.Sprintf("id %q twice, empty or with a space", id))
			}
			ids[id] = true
		}
	})
	walkHTML(p.doc, func(n *html.Node) {
		for _, name := range []string{"for", "aria-describedby", "aria-labelledby", "aria-controls", "aria-details", "list", "form"} {
			refs, ok := attr(n, name)
			if !ok {
				continue
			}
			if strings.TrimSpace(refs) == "" {
				bad = append(bad, fmt.Sprintf("%s of %s is empty", name, n.Data))
			}
			for _, ref := range strings.Fields(refs) {
				if !ids[ref] {
					bad = append(bad, fmt.Sprintf("%s of %s points to %q, which is not there", name, n.Data, ref))
				}
			}
		}
		if href, _ := attr(n, "href"); n.Data == "a" && strings.HasPrefix(href, "#") && !ids[strings.TrimPrefix(href, "#")] {
			bad = append(bad, fmt.Sprintf("the link %s has no target", href))
		}
	})
	return bad
}

// checkLabels wants a label for every control that a person fills.
func checkLabels(p *page, _ string) (bad []string) {
	labelled := map[string]bool{}
	p.each("label", func(n *html.Node) {
		if id, ok := attr(n, "for"); ok && nodeText(n) != "" {
			labelled[id] = true
		}
	})
	walkHTML(p.doc, func(n *html.Node) {
		typ, _ := attr(n, "type")
		if n.Data != "select" && n.Data != "textarea" && (n.Data != "input" || slices.Contains([]string{"hidden", "submit", "button", "reset", "image"}, typ)) {
			return
		}
		id, _ := attr(n, "id")
		name, _ := attr(n, "aria-label")
		by, _ := attr(n, "aria-labelledby")
		if !labelled[id] && name == "" && by == "" && !inside(n, "label") {
			field, _ := attr(n, "name")
			bad = append(bad, fmt.Sprintf("%s %q has no label", n.Data, field))
		}
		if (typ == "radio") && !inside(n, "fieldset") {
			bad = append(bad, fmt.Sprintf("radio %q is in no fieldset", id))
		}
	})
	p.each("fieldset", func(n *html.Node) {
		var legend string
		walkHTML(n, func(c *html.Node) {
			if c.Data == "legend" && legend == "" {
				legend = nodeText(c)
			}
		})
		if legend == "" {
			bad = append(bad, "a fieldset has no legend")
		}
	})
	return bad
}

func inside(n *html.Node, tag string) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		if p.Data == tag {
			return true
		}
	}
	return false
}

// checkNames wants words on links, buttons, pictures, tables and navigations.
func checkNames(p *page, _ string) (bad []string) {
	navs := map[string]bool{}
	walkHTML(p.doc, func(n *html.Node) {
		label, _ := attr(n, "aria-label")
		by, _ := attr(n, "aria-labelledby")
		switch n.Data {
		case "a", "button":
			if nodeText(n) == "" && label == "" {
				href, _ := attr(n, "href")
				bad = append(bad, fmt.Sprintf("%s %s has no text", n.Data, href))
			}
			if inside(n, "a") || inside(n, "button") {
				bad = append(bad, n.Data+" inside of another control")
			}
		case "img":
			if _, ok := attr(n, "alt"); !ok {
				bad = append(bad, "a picture has no alt")
			}
		case "svg":
			if hidden, _ := attr(n, "aria-hidden"); hidden != "true" && label == "" {
				bad = append(bad, "an icon is neither hidden nor named")
			}
		case "table":
			if !has(n, "caption") || !has(n, "th") {
				bad = append(bad, "a table has no caption or no th")
			}
		case "th":
			if scope, _ := attr(n, "scope"); scope == "" {
				bad = append(bad, fmt.Sprintf("th %q has no scope", nodeText(n)))
			}
		case "nav":
			if label+by == "" || navs[label+by] && !inside(n, "details") {
				bad = append(bad, fmt.Sprintf("navigation %q has no name of its own", label))
			}
			// The menu of small screens repeats what wide ones show.
			navs[label+by] = navs[label+by] || !inside(n, "details")
		}
	})
	return bad
}

func has(n *html.Node, tag string) (found bool) {
	walkHTML(n, func(c *html.Node) { found = found || c.Data == tag })
	return found
}

func checkLanguage(p *page, lang string) (bad []string) {
	p.each("html", func(n *html.Node) {
		if got, _ := attr(n, "lang"); got != lang {
			bad = append(bad, fmt.Sprintf("lang is %q", got))
		}
	})
	if got := p.header.Get("Content-Language"); got != lang {
		bad = append(bad, fmt.Sprintf("Content-Language is %q", got))
	}
	walkHTML(p.doc, func(n *html.Node) {
		if got, ok := attr(n, "lang"); ok && got == "" {
			bad = append(bad, n.Data+" has an empty lang")
		}
	})
	return bad
}

func checkTitle(p *page, _ string) (bad []string) {
	title := ""
	p.each("title", func(n *html.Node) {
		if n.Parent != nil && n.Parent.Data == "head" {
			title = nodeText(n)
		}
	})
	own := strings.Trim(strings.ReplaceAll(title, "Serviceportal", ""), " –-|")
	if !strings.Contains(title, "Serviceportal") || own == "" {
		bad = append(bad, fmt.Sprintf("%q", title))
	}
	return bad
}

var (
	leftover    = regexp.MustCompile(`⟦[^⟧]*⟧|<no value>|&lt;no value&gt;|%!.\(|\{\{|ZgotmplZ|&lt;nil&gt;|map\[[a-zA-Z]*:`)
	leftoverArg = regexp.MustCompile(`\{[a-z]+\}`)
)

// checkLeftovers looks for what only a programmer should see.
func checkLeftovers(p *page, _ string) (bad []string) {
	bad = append(bad, leftover.FindAllString(p.body, 3)...)
	if strings.HasPrefix(p.url.Path, "/test/adressen") { // patterns of addresses
		return bad
	}
	for _, m := range leftoverArg.FindAllString(p.text(), 3) {
		bad = append(bad, "placeholder "+m)
	}
	walkHTML(p.doc, func(n *html.Node) {
		for _, name := range []string{"title", "aria-label", "alt", "placeholder", "href", "value"} {
			if v, _ := attr(n, name); leftoverArg.MatchString(v) {
				bad = append(bad, fmt.Sprintf("placeholder in %s of %s: %s", name, n.Data, v))
			}
		}
	})
	return bad
}

// checkInline wants what the Content-Security-Policy wants.
func checkInline(p *page, _ string) (bad []string) {
	walkHTML(p.doc, func(n *html.Node) {
		src, _ := attr(n, "src")
		if n.Data == "style" || n.Data == "script" && src == "" {
			bad = append(bad, "inline "+n.Data)
		}
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:") {
				bad = append(bad, fmt.Sprintf("%s of %s", a.Key, n.Data))
			}
		}
	})
	return bad
}

// checkAssets loads every static file that a page or a style sheet names.
func (s *site) checkAssets(t *testing.T, v *visitor) {
	t.Helper()
	inStyle := regexp.MustCompile(`url\(["']?([^"')]+)["']?\)`)
	for _, address := range slices.Sorted(maps.Keys(s.assets)) {
		p := v.get(address)
		if p.status != http.StatusOK || p.body == "" {
			t.Errorf("%s: status %d, %d bytes", address, p.status, len(p.body))
		}
		if !strings.HasPrefix(p.header.Get("Content-Type"), "text/css") {
			continue
		}
		for _, m := range inStyle.FindAllStringSubmatch(p.body, -1) {
			if strings.HasPrefix(m[1], "data:") {
				continue
			}
			u, err := p.url.Parse(m[1])
			if err != nil {
				t.Errorf("%s: %v", address, err)
				continue
			}
			if q := v.get(u.String()); q.status != http.StatusOK {
				t.Errorf("%s names %s: status %d", address, m[1], q.status)
			}
		}
	}
}

// hidden are the pages that no link leads to in an honest walk: the answers of
// login providers, and pages that only stand between two forms.
var hidden = []string{
	"GET /anmelden/abschluss/{ticket}", "GET /anmelden/fehler", "GET /konto/einrichten", "GET /amt/oidc/antwort", "GET /barriere-melden/gesendet",
	"GET /antrag/{draft}", "GET /amt", "GET /amt/{$}", // lead on at once
	"GET /test/mails/{id}", "GET /test/buchungen/{nummer}", "GET /amt/vorgang/{id}/unterlage/{nachricht}/{feld}", // the demo begins without mails, files of bookings and new documents
	"GET /zahlung/zurueck", "GET /amt/kasse/buchungen/{nummer}", // nobody comes back from paying, and nothing is booked yet
	"GET /api/v1/dienstleistungen", // for other portals, no page
	"GET /static/",
}

// checkReach makes sure that the walk saw every page there is.
func (s *site) checkReach(t *testing.T) {
	t.Helper()
	for _, pattern := range s.routes {
		if strings.HasPrefix(pattern, "GET ") && !s.looked[pattern] && !slices.Contains(hidden, pattern) {
			t.Errorf("the walk never came to %s", pattern)
		}
	}
}

// TestPageChecks makes sure that each rule finds what it is for.
func TestPageChecks(t *testing.T) {
	t.Parallel()
	const good = `<html lang="de"><head><title>Hilfe – Serviceportal</title></head><body><nav aria-label="Menü"></nav><main><h1>Hilfe</h1>%s</main></body></html>`
	for _, c := range []struct{ name, check, markup string }{
		{"second h1", "headings", `<h1>Noch einmal</h1>`},
		{"level left out", "headings", `<h3>Zu tief</h3>`},
		{"empty heading", "headings", `<h2></h2>`},
		{"same id", "ids", `<p id="a"></p><p id="a"></p>`},
		{"hint that is not there", "ids", `<p aria-describedby="b"></p>`},
		{"jump to nowhere", "ids", `<a href="#c">hin</a>`},
		{"field without label", "labels", `<input name="a">`},
		{"label without words", "labels", `<label for="d"></label><select id="d"></select>`},
		{"fieldset without legend", "labels", `<fieldset></fieldset>`},
		{"link without words", "names", `<a href="/"></a>`},
		{"picture without alt", "names", `<img src="/x">`},
		{"table without caption", "names", `<table><tr><th scope="col">A</th></tr></table>`},
		{"two navigations of one name", "names", `<nav aria-label="Menü"></nav>`},
		{"empty language", "language", `<p lang=""></p>`},
		{"missing text", "leftovers", `<p>⟦find.x⟧</p>`},
		{"missing value", "leftovers", `<p>{town}</p>`},
		{"format", "leftovers", `<p>%!d(string=x)</p>`},
		{"style", "inline code", `<p style="color:red"></p>`},
		{"handler", "inline code", `<p onclick="x()"></p>`},
		{"script", "inline code", `<script>x()</script>`},
	} {
		for _, markup := range []string{"", c.markup} {
			body := strings.Replace(good, "%s", markup, 1)
			doc, err := html.Parse(strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			p := &page{url: &url.URL{Path: "/hilfe"}, header: http.Header{"Content-Language": {"de"}}, body: body, doc: doc}
			found := map[string]bool{}
			for _, check := range pageChecks {
				if len(check.find(p, "de")) > 0 {
					found[check.name] = true
				}
			}
			if markup == "" && len(found) > 0 || markup != "" && !found[c.check] {
				t.Errorf("%s: %q finds %v", c.name, markup, found)
			}
		}
	}
}

// TestPages looks at every page that can be reached, as everybody who may
// reach it, in every language; then it feeds all of them with bad input.
func TestPages(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: the walk over all pages is skipped")
	}
	p := start(t, nil)
	s := newSite(t, newVisitor(t, p.URL()))
	visitors := map[string]*visitor{}
	for _, r := range roles() {
		v := newVisitor(t, p.URL())
		r.enter(v)
		visitors[r.name] = v
		for _, lang := range []string{"en", "de-simple", "de"} {
			v.get("/?lang=" + lang).want()
			before := s.seen
			s.crawl(v, r, lang)
			t.Logf("%s %s: %d pages", r.name, lang, s.seen-before)
		}
	}
	s.found.report(t)
	s.checkAssets(t, visitors["visitor"])
	s.checkReach(t)

	begin := time.Now()
	s.badInput(visitors)
	s.found.report(t)
	t.Logf("bad input: %d requests in %v", s.asked, time.Since(begin).Round(time.Second))
}
