package portal_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// attack stands in bad input as it is; nobody may find it in a page again.
const attack = `"><script>alert('stadttor')</script>`

// badPaths are values of wildcards and parameters, as they stand in an address.
func badPaths() []string {
	return []string{"gibtesnicht", "%27%20OR%201%3D1%20--", url.PathEscape(attack), "%00", "%ff%fe", "..%2f..%2fetc%2fpasswd",
		strings.Repeat("a", 5000), "%F0%9F%90%95", "-1", "%20"}
}

// badFields are values of single fields, badForms of all fields at once.
var (
	badFields = []string{"a\x00b", "\xff\xfe", attack + `" onfocus="alert(1)`, "'; DROP TABLE portal_applications; --"}
	badForms  = []string{strings.Repeat("ä🐕", 16<<10), "https://boese.example/", "//boese.example", "", "99999999999999999999"}
)

// last sorts forms: what ends an account or a session comes at the end.
func last(pattern string) int {
	return 1 + slices.Index([]string{"POST /test/zuruecksetzen", "POST /konto/trennen", "POST /konto/loeschen", "POST /abmelden", "POST /amt/abmelden"}, pattern)
}

var leaks = regexp.MustCompile(`goroutine \d|runtime error|\.go:\d|panic:|SQL logic error|SQLSTATE|SQLITE_|sqlite:`)

// probe looks at the answer to bad input: it is the client's fault, it shows
// nothing of the inside, and it is a page like any other.
func (s *site) probe(where string, p *page) {
	s.asked++
	if "http://"+p.url.Host != s.base {
		if strings.Contains(p.url.Host, "boese") {
			s.found.add(where, "leads to another site: "+p.url.Host)
		}
		return
	}
	if p.status >= http.StatusInternalServerError {
		s.found.add(where, fmt.Sprintf("status %d", p.status))
	}
	if p.doc == nil {
		return
	}
	if strings.Contains(p.body, "<script>alert(") {
		s.found.add(where, "shows a script as it came")
	}
	if m := leaks.FindString(p.text()); m != "" {
		s.found.add(where, "shows the inside: "+m)
	}
	for _, check := range pageChecks {
		for _, problem := range check.find(p, "de") {
			s.found.add(where, check.name+": "+problem)
		}
	}
}

var wildcard = regexp.MustCompile(`\{[^{}]*\}`)

// badAddresses calls every route with wildcards: all of them bad, and each of
// them alone beside those of a page that exists.
func (s *site) badAddresses(who string, v *visitor) {
	for _, pattern := range s.routes {
		method, path, _ := strings.Cut(pattern, " ")
		path = strings.ReplaceAll(path, "{$}", "")
		if !wildcard.MatchString(path) || strings.HasPrefix(path, "/amt") != (who == "clerk") {
			continue
		}
		for n, bad := range badPaths() {
			targets := []string{wildcard.ReplaceAllLiteralString(path, bad)}
			if parts := strings.Split(path, "/"); strings.Count(path, "{") > 1 {
				sample, _, _ := strings.Cut(s.samples[pattern], "?")
				if real := strings.Split(sample, "/"); len(real) == len(parts) {
					for i := range parts {
						if wildcard.MatchString(parts[i]) {
							targets = append(targets, strings.Join(slices.Concat(real[:i], []string{bad}, real[i+1:]), "/"))
						}
					}
				}
			}
			for _, target := range targets {
				where := fmt.Sprintf("%s %s, value %d", who, pattern, n)
				if method == http.MethodPost {
					s.probe(where, v.post(target, url.Values{}))
				} else {
					s.probe(where, v.get(target))
				}
			}
		}
	}
}

// badParameters changes each parameter of the addresses that were seen.
func (s *site) badParameters(who string, v *visitor) {
	for _, pattern := range slices.Sorted(maps.Keys(s.samples)) {
		u, err := url.Parse(s.samples[pattern])
		if err != nil || u.RawQuery == "" || !strings.HasPrefix(pattern, "GET ") || strings.HasPrefix(u.Path, "/amt") != (who == "clerk") {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(u.Query())) {
			for n, bad := range badPaths() {
				q := u.Query()
				q.Del(name)
				s.probe(fmt.Sprintf("%s %s, parameter %s, value %d", who, pattern, name, n), v.get(u.Path+"?"+q.Encode()+"&"+name+"="+bad))
			}
		}
	}
}

// badForm sends a form with each field bad for itself, then with all.
func (s *site) badForm(f foundForm) {
	good := maps.Clone(f.form.values)
	names := slices.Sorted(maps.Keys(f.form.names))
	send := func(what string, change func(url.Values)) {
		f.form.values = url.Values{}
		for name, v := range good {
			f.form.values[name] = slices.Clone(v)
		}
		change(f.form.values)
		s.probe(fmt.Sprintf("%s %s, %s", f.role, f.pattern, what), f.form.send())
	}
	// One wrong field beside right ones could be taken; what that would do to
	// the other forms is not wanted here.
	if last(f.pattern) == 0 && !strings.Contains(f.pattern, "/test/") {
		for _, name := range names {
			for n, bad := range badFields {
				send(fmt.Sprintf("field %s, value %d", name, n), func(v url.Values) { v[name] = []string{bad} })
			}
		}
	}
	for n, bad := range slices.Concat(badFields, badForms) {
		send(fmt.Sprintf("all fields, value %d", n), func(v url.Values) {
			for _, name := range names {
				v[name] = []string{bad}
			}
		})
	}
	if f.form.multipart {
		for _, name := range names {
			if _, text := good[name]; !text {
				f.form.files = append(f.form.files, upload{name, attack + "\x00.pdf", "text/html", []byte(attack)})
			}
		}
		send("bad files", func(url.Values) {})
		f.form.files = nil
	}
}

// badInput feeds the whole portal with what no honest browser sends.
func (s *site) badInput(visitors map[string]*visitor) {
	for n, bad := range badPaths() {
		s.probe(fmt.Sprintf("the language, value %d", n), visitors["visitor"].get("/hilfe?lang="+bad))
	}
	for _, who := range []string{"visitor", "citizen", "clerk"} {
		s.badAddresses(who, visitors[who])
		s.badParameters(who, visitors[who])
	}
	slices.SortStableFunc(s.forms, func(a, b foundForm) int { return last(a.pattern) - last(b.pattern) })
	for _, f := range s.forms {
		s.badForm(f)
	}
}

// findings keeps each problem once, with the first place where it was seen.
type findings struct {
	first map[string]string
	count map[string]int
}

func (f *findings) add(where, problem string) {
	if f.count == nil {
		f.first, f.count = map[string]string{}, map[string]int{}
	}
	if f.count[problem]++; f.count[problem] == 1 {
		f.first[problem] = where
	}
}

func (f *findings) report(t *testing.T) {
	t.Helper()
	for _, problem := range slices.Sorted(maps.Keys(f.count)) {
		t.Errorf("%s (first at %s, %d times)", problem, f.first[problem], f.count[problem])
	}
	*f = findings{}
}
