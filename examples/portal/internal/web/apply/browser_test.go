package apply_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// browser keeps cookies and follows nothing by itself.
type browser struct {
	w       *world
	cookies map[string]string
	lang    string
}

func (w *world) browser() *browser { return &browser{w: w, cookies: map[string]string{}, lang: "de"} }

// answer is one answer with what tests look at.
type answer struct {
	t        *testing.T
	Status   int
	Location string
	Body     string
	Header   http.Header
}

func (b *browser) do(req *http.Request) *answer {
	b.w.t.Helper()
	for k, v := range b.cookies {
		req.AddCookie(&http.Cookie{Name: k, Value: v})
	}
	req.AddCookie(&http.Cookie{Name: "stadttor_sprache", Value: b.lang})
	rec := httptest.NewRecorder()
	b.w.handler.ServeHTTP(rec, req)
	for _, c := range rec.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	a := &answer{t: b.w.t, Status: rec.Code, Location: rec.Header().Get("Location"), Body: rec.Body.String(), Header: rec.Header()}
	if a.Status >= 500 {
		b.w.t.Errorf("%s %s: status %d", req.Method, req.URL.Path, a.Status)
	}
	if strings.Contains(a.Body, "⟦") || strings.Contains(a.Body, "&lt;no value") || strings.Contains(a.Body, "%!") {
		b.w.t.Errorf("%s %s: a text is missing: %s", req.Method, req.URL.Path, around(a.Body, "⟦", "&lt;no value", "%!"))
	}
	if strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") && a.Status != http.StatusSeeOther && strings.Count(a.Body, "<h1") != 1 {
		b.w.t.Errorf("%s %s: %d main headings", req.Method, req.URL.Path, strings.Count(a.Body, "<h1"))
	}
	return a
}

func around(s string, marks ...string) string {
	for _, m := range marks {
		if i := strings.Index(s, m); i >= 0 {
			return s[max(0, i-60):min(len(s), i+100)]
		}
	}
	return ""
}

func (b *browser) get(path string) *answer {
	b.w.t.Helper()
	return b.do(httptest.NewRequest(http.MethodGet, path, nil))
}

// post sends pairs of names and values.
func (b *browser) post(path string, pairs ...string) *answer {
	b.w.t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return b.postForm(path, v)
}

func (b *browser) postForm(path string, v url.Values) *answer {
	b.w.t.Helper()
	req := httptest.NewRequest(http.MethodPost, path, strings.NewReader(v.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(req)
}

// file is one upload of a form.
type file struct {
	field, name string
	body        []byte
}

func (b *browser) upload(path string, files []file, pairs ...string) *answer {
	b.w.t.Helper()
	var buf bytes.Buffer
	m := multipart.NewWriter(&buf)
	for _, f := range files {
		part, err := m.CreateFormFile(f.field, f.name)
		if err != nil {
			b.w.t.Fatal(err)
		}
		io.Copy(part, bytes.NewReader(f.body))
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		m.WriteField(pairs[i], pairs[i+1])
	}
	m.Close()
	req := httptest.NewRequest(http.MethodPost, path, &buf)
	req.Header.Set("Content-Type", m.FormDataContentType())
	return b.do(req)
}

func (b *browser) login(level int, account string) {
	b.w.t.Helper()
	if a := b.post("/test/anmelden/"+strconv.Itoa(level), "konto", account); a.Status != http.StatusSeeOther {
		b.w.t.Fatalf("login: status %d", a.Status)
	}
}

// begin starts an assistant and returns the address of the draft.
func (b *browser) begin(id string, pairs ...string) string {
	b.w.t.Helper()
	a := b.post("/antrag/neu/"+id, pairs...).to("/antrag/")
	parts := strings.Split(a.Location, "/")
	return "/antrag/" + parts[2]
}

func (a *answer) to(prefix string) *answer {
	a.t.Helper()
	if a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Location, prefix) {
		a.t.Fatalf("status %d to %q, want 303 to %q; %s", a.Status, a.Location, prefix, errorsIn(a.Body))
	}
	return a
}

func (a *answer) is(status int, texts ...string) *answer {
	a.t.Helper()
	if a.Status != status {
		a.t.Fatalf("status %d to %q, want %d; %s", a.Status, a.Location, status, errorsIn(a.Body))
	}
	for _, s := range texts {
		if !strings.Contains(a.Body, s) {
			a.t.Errorf("no %q in the page; %s", s, errorsIn(a.Body))
		}
	}
	return a
}

func (a *answer) not(texts ...string) *answer {
	a.t.Helper()
	for _, s := range texts {
		if strings.Contains(a.Body, s) {
			a.t.Errorf("%q in the page: %s", s, around(a.Body, s))
		}
	}
	return a
}

var (
	errorItem = regexp.MustCompile(`(?s)<div class="alert alert-danger error-summary".*?</ul>`)
	stateMark = regexp.MustCompile(`name="(?:schritt-)?stand" value="([^"]*)"`)
	tag       = regexp.MustCompile(`<[^>]*>`)
)

func errorsIn(body string) string {
	return strings.Join(strings.Fields(tag.ReplaceAllString(errorItem.FindString(body), " ")), " ")
}

func (a *answer) state() string {
	a.t.Helper()
	m := stateMark.FindStringSubmatch(a.Body)
	if m == nil {
		a.t.Fatal("the page has no state")
	}
	return m[1]
}

var (
	png = append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"), make([]byte, 200)...)
	pdf = []byte("%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n")
)
