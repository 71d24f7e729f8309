package web_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stadttor/stadttor/bundid"
	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/federation"
	"github.com/stadttor/stadttor/payment"
	"github.com/stadttor/stadttor/postkorb"
)

// texts are all sentences: key, then language.
type texts map[string]map[string]string

// readTexts reads the files token by token, since a map would hide a key that
// stands twice in one file.
func readTexts(t *testing.T) texts {
	t.Helper()
	files, err := filepath.Glob("lang/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no texts: %v", err)
	}
	all := texts{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		d := json.NewDecoder(bytes.NewReader(raw))
		if _, err := d.Token(); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			var by map[string]string
			if err := d.Decode(&by); err != nil {
				t.Fatalf("%s: %s: %v", file, key, err)
			}
			name := key.(string)
			if _, twice := all[name]; twice {
				t.Errorf("%s: %s is defined twice", file, name)
			}
			all[name] = by
		}
	}
	return all
}

// readForms adds the sentences of the forms, keyed by file and place.
func readForms(t *testing.T, all texts) texts {
	t.Helper()
	files, err := filepath.Glob("../assistant/definitions/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no forms: %v", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var form any
		if err := json.Unmarshal(raw, &form); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all.collect("form."+filepath.Base(file), form)
	}
	return all
}

// collect finds every object with a German sentence in it.
func (x texts) collect(at string, v any) {
	switch v := v.(type) {
	case []any:
		for i, e := range v {
			x.collect(at+"/"+strconv.Itoa(i), e)
		}
	case map[string]any:
		if _, ok := v["de"].(string); ok {
			x[at] = map[string]string{}
			for lang, text := range v {
				x[at][lang], _ = text.(string)
			}
			return
		}
		for name, e := range v {
			x.collect(at+"/"+name, e)
		}
	}
}

// each goes through all texts in a steady order.
func (x texts) each(do func(key, lang, text string)) {
	for _, key := range slices.Sorted(maps.Keys(x)) {
		for _, lang := range slices.Sorted(maps.Keys(x[key])) {
			do(key, lang, x[key][lang])
		}
	}
}

// staffText reports whether only employees and testers read a text.
func staffText(key string) bool {
	return strings.HasPrefix(key, "desk.") || strings.HasPrefix(key, "tester.") || strings.HasPrefix(key, "layout.desk.")
}

var placeholder = regexp.MustCompile(`\{[^{}]*\}`)

// ownFacts are the texts that may use other facts in each language: whole
// pages, which all get the same facts, and a heading with a genitive that only
// German needs. That none of their braces reaches a page is a test of the
// whole portal.
var ownFacts = regexp.MustCompile(`^find\.(?:accessibility|privacy|sign|simple|imprint|help)\.text$|^find\.supplement$`)

func TestTextsAreComplete(t *testing.T) {
	t.Parallel()
	all := readForms(t, readTexts(t))
	for _, key := range slices.Sorted(maps.Keys(all)) {
		by := all[key]
		need := []string{"de", "en"}
		if !staffText(key) {
			need = append(need, "de-simple")
		}
		for _, lang := range need {
			if strings.TrimSpace(by[lang]) == "" {
				t.Errorf("%s has no text in %s", key, lang)
			}
		}
		want := placeholders(by["de"])
		for lang, text := range by {
			if lang != "de" && lang != "en" && lang != "de-simple" {
				t.Errorf("%s: %q is no language of the portal", key, lang)
			}
			switch got := placeholders(text); {
			case ownFacts.MatchString(key):
			case lang == "de-simple" && !slices.ContainsFunc(got, func(p string) bool { return !slices.Contains(want, p) }):
				// Leichte Sprache may leave a detail out.
			case !slices.Equal(got, want):
				t.Errorf("%s: placeholders %v in %s, but %v in de", key, got, lang, want)
			}
			if text != strings.TrimSpace(text) || strings.Contains(text, "  ") {
				t.Errorf("%s: needless spaces in %s: %q", key, lang, text)
			}
		}
	}
}

// placeholders are the names in braces. How often one stands in a sentence is
// the language's matter.
func placeholders(text string) []string {
	found := placeholder.FindAllString(text, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

// family is a group of keys that code builds from a prefix and a value.
type family struct {
	prefix   string
	values   []string
	suffixes []string // none: the value ends the key
	optional bool     // code asks whether the key exists
}

func (f family) keys() []string {
	var out []string
	for _, v := range f.values {
		if len(f.suffixes) == 0 {
			out = append(out, f.prefix+v)
		}
		for _, s := range f.suffixes {
			out = append(out, f.prefix+v+s)
		}
	}
	return out
}

func codes[T ~string](values ...T) []string {
	var out []string
	for _, v := range values {
		out = append(out, string(v))
	}
	return out
}

// families lists every derived key of the portal with all values of the enum
// behind it.
func families() []family {
	running := codes(postkorb.StatusReceived, postkorb.StatusInReview, postkorb.StatusQuestion, postkorb.StatusPaymentOpen, postkorb.StatusHandedOver)
	statuses := append(codes(postkorb.StatusGranted, postkorb.StatusRefused, postkorb.StatusPartly, postkorb.StatusWithdrawn, postkorb.StatusDone, postkorb.StatusConfirmed), running...)
	kinds := codes(postkorb.KindSubmission, postkorb.KindInformation, postkorb.KindQuestion, postkorb.KindAnswer, postkorb.KindDocumentRequest, postkorb.KindDecision, postkorb.KindStatus)
	slots := codes(postkorb.SlotOpen, postkorb.SlotReceived, postkorb.SlotAccepted, postkorb.SlotRejected)
	levels := []string{"basis", "niedrig", "substantiell", "hoch"}
	from0 := append([]string{"none"}, levels...)
	means := codes(bundid.MeansEID, bundid.MeansElster, bundid.MeansBenutzername, bundid.MeansEIDAS, bundid.MeansFINK, bundid.MeansDiia, bundid.MeansSmartEID, bundid.MeansAuthega)
	uploads := codes(antrag.UploadTooBig, antrag.UploadType, antrag.UploadEmpty, antrag.UploadName)
	orders := codes(payment.StateOpen, payment.StateChecking, payment.StatePaid, payment.StateAborted, payment.StateFailed, payment.StateRefunded, payment.StateCancelled)
	deliveries := codes(federation.StateQueued, federation.StateSending, federation.StateDelivered, federation.StateFailed, federation.StateCancelled)
	outcomes := codes(assistant.Decision, assistant.Notification, assistant.Certificate)
	fixed := []string{"help", "simple", "sign", "accessibility", "imprint", "privacy", "cookies", "licences"}
	forms := []string{"assign", "ask", "request", "inform", "decide", "setstatus", "note", "reminder", "review", "involve", "reply", "transfer"}
	failures := []string{"abgebrochen", "niveau", "angabe", "abgelaufen", "browser", "bundid", "technik"}
	testerTabs := []string{"index", "script", "cards", "faults", "cases", "payments", "bookings", "deliveries", "calls", "callbacks", "mails", "clock", "routes", "reset"}
	return []family{
		{prefix: "find.network.kind.", values: []string{"municipality", "district", "state", "federal", "utility"}},
		{prefix: "account.action.", values: codes(postkorb.StatusQuestion, postkorb.StatusPaymentOpen)},
		{prefix: "account.error.", values: append(uploads, "too_many", "file_missing")},
		{prefix: "account.kind.", values: kinds},
		{prefix: "account.level.", values: from0},
		{prefix: "account.next.", values: statuses},
		{prefix: "account.slots.", values: []string{"upload", "replace"}},
		{prefix: "account.step.text.", values: statuses, optional: true},
		{prefix: "account.tab.", values: []string{"overview", "applications", "drafts", "inbox", "data"}},
		{prefix: "apply.audience.", values: codes(assistant.Citizen, assistant.Organisation, assistant.Both)},
		{prefix: "apply.error.", values: codes(assistant.CodeRequired, assistant.CodeTooLong, assistant.CodePattern, assistant.CodeDateInvalid, assistant.CodeDateFuture,
			assistant.CodeDatePast, assistant.CodeNumber, assistant.CodeRange, assistant.CodeIBAN, assistant.CodeEmail, assistant.CodePhone, assistant.CodePostcode,
			assistant.CodeOption, assistant.CodeFileType, assistant.CodeFileTooBig, assistant.CodeTooFew, assistant.CodeTooMany, assistant.CodeControl,
			assistant.CodeNotUTF8, assistant.CodeLookup, assistant.CodeGone)},
		{prefix: "apply.error.", values: uploads},
		{prefix: "apply.error.", values: []string{"required", "range", "too_few", "too_many"}, suffixes: []string{".choice", ".date", ".file", ".consent", ".group", ".min", ".max"}, optional: true},
		{prefix: "apply.fact.", values: []string{"chip", "kassenzeichen", "seit"}},
		{prefix: "apply.next.", values: outcomes},
		{prefix: "copy.source.bundid.", values: from0},
		{prefix: "desk.", values: []string{"inbox", "mine", "closed"}, suffixes: []string{".title", ".lead", ".empty"}},
		{prefix: "desk.", values: forms, suffixes: []string{".title", ".submit"}},
		{prefix: "desk.", values: forms, suffixes: []string{".intro"}, optional: true},
		{prefix: "desk.action.", values: []string{"ask", "request", "inform", "decide", "status", "assign", "involve", "transfer", "note", "reminder"}},
		{prefix: "desk.actor.", values: []string{"citizen", "staff", "system"}},
		{prefix: "desk.delivery.", values: deliveries},
		{prefix: "desk.delivery.reason.", values: append(codes(federation.ReasonUnreachable, federation.ReasonTimeout, federation.ReasonBusy, federation.ReasonRejected,
			federation.ReasonTooLarge, federation.ReasonAttachment, federation.ReasonDigest, federation.ReasonStorage, federation.ReasonCredentials,
			federation.ReasonNotAnAnswer, federation.ReasonNoTransport, federation.ReasonInterrupted, federation.ReasonUnknown), "earlier")},
		{prefix: "desk.error.", values: uploads},
		{prefix: "desk.error.required.", values: []string{"betreff", "text", "unterlagen", "tag", "anlass", "grund", "dokumente", "frage", "erlaeuterung", "hinweis", "bleibgrund", "antwort"}},
		{prefix: "desk.field.", values: []string{"betreff", "text", "frist", "unterlagen", "person", "status", "ergebnis", "datei", "tag", "anlass", "urteil", "grund",
			"stelle", "umfang", "dokumente", "frage", "ende", "warum", "erlaeuterung", "hinweis", "bleiben", "bleibgrund", "antwort"}},
		{prefix: "desk.field.", values: []string{"betreff", "text", "unterlagen", "anlass", "grund", "dokumente", "frage", "erlaeuterung", "hinweis", "bleibgrund", "antwort"}, suffixes: []string{".hint"}, optional: true},
		{prefix: "desk.envelope.kind.", values: []string{"pdf", "image", "other"}},
		{prefix: "desk.involve.ending.", values: codes(antrag.EndedByHand, antrag.EndedByAnswer, antrag.EndedOnDate, antrag.EndedByClose, antrag.EndedByLead)},
		{prefix: "desk.involve.reason.", values: codes(antrag.InvolveReasons()...)},
		{prefix: "desk.involve.scope.", values: codes(antrag.ScopeWhole, antrag.ScopeDocuments, antrag.ScopeQuestion)},
		{prefix: "desk.involve.scope.", values: codes(antrag.ScopeWhole, antrag.ScopeDocuments, antrag.ScopeQuestion), suffixes: []string{".hint"}},
		{prefix: "desk.transfer.reason.", values: codes(antrag.TransferReasons()...)},
		{prefix: "desk.kind.", values: kinds},
		{prefix: "desk.level.", values: from0},
		{prefix: "desk.log.", values: []string{"delivery-retried", "backoffice-receipt", "backoffice-asked", "backoffice-requested", "backoffice-status", "backoffice-information", "backoffice-decided",
			"received", "status", "assigned", "returned", "asked", "documents-requested", "document-accepted", "document-rejected", "informed",
			"decided", "note", "reminder", "withdrawn", "supplemented", "answered", "document-provided", "paid", "delivered",
			"involved", "involvement-ended", "transferred"}},
		{prefix: "desk.means.", values: means},
		{prefix: "desk.payment.", values: orders},
		{prefix: "desk.attempt.", values: codes(payment.AttemptCreated, payment.AttemptStarted, payment.AttemptPaid, payment.AttemptAborted, payment.AttemptFailed,
			payment.AttemptExpired, payment.AttemptSurplus)},
		{prefix: "desk.log.", values: []string{"sent", "payment-ended", "payment-reminded", "lapsed", "refund-due", "refund-done"}, optional: true},
		{prefix: "desk.till.reason.", values: []string{antrag.RefundSurplus, antrag.RefundClosed, antrag.RefundWithdrawn}},
		{prefix: "pay.mail.", values: []string{"reminder", "lapsed"}, suffixes: []string{".subject", ".body"}},
		{prefix: "pay.method.", values: []string{"creditcard", "paypal", "giropay", "directdebit", "paydirekt", "cash", "other"}},
		{prefix: "pay.text.", values: orders},
		{prefix: "desk.public.", values: running},
		{prefix: "desk.slot.", values: slots},
		{prefix: "desk.status.", values: statuses},
		{prefix: "desk.unit.", values: []string{"lead", "involved"}},
		{prefix: "error.", values: []string{"not-found", "bad-request", "characters", "too-large", "forbidden", "conflict", "gone", "origin", "expired", "method", "too-many", "unavailable", "internal"},
			suffixes: []string{".title", ".text"}},
		{prefix: "find.", values: fixed, suffixes: []string{".title", ".text"}},
		{prefix: "find.", values: fixed, suffixes: []string{".demo"}, optional: true},
		{prefix: "find.audience.", values: codes(assistant.Citizen, assistant.Organisation)},
		{prefix: "find.cookies.", values: []string{"session", "language", "login", "staff"}, suffixes: []string{".purpose", ".lifetime"}},
		{prefix: "find.level.", values: []string{"none", "low", "substantial", "high"}},
		{prefix: "find.office.lift.", values: []string{"yes", "no"}},
		{prefix: "find.office.wheelchair.", values: []string{"yes", "no"}},
		{prefix: "find.of.", values: []string{"stadt", "gemeinde", "samtgemeinde", "flecken", "landkreis", "land", "other"}},
		{prefix: "level.", values: from0},
		{prefix: "level.", values: []string{"low", "substantial", "high"}}, // the part level-badge
		{prefix: "login.attr.", values: []string{"given", "surname", "birth", "street", "postcode", "town", "mail", "other"}},
		{prefix: "login.failed.", values: failures, suffixes: []string{".title", ".text"}},
		{prefix: "means.", values: append([]string{""}, means...)},
		{prefix: "status.", values: statuses},
		// The words that the parts know besides: status-badge, task-list and
		// the lists of files.
		{prefix: "status.", values: []string{"draft", "assigned", "unassigned", "involved", "scheduled", "closed", "failed", "overdue", "due_soon", "active", "inactive", "paused", "revoked", "online", "review", "released"}},
		{prefix: "status.task.", values: []string{"done", "started", "todo", "blocked", "problem"}},
		{prefix: "status.payment.", values: []string{"open", "checking", "paid", "aborted", "failed", "refunded"}},
		{prefix: "status.file.", values: []string{"scanning", "clean", "accepted", "rejected", "missing"}},
		{prefix: "status.content.", values: []string{"draft", "review", "released", "published", "retracted"}},
		{prefix: "status.delivery.", values: []string{"queued", "retrying", "delivered", "failed"}},
		{prefix: "tester.", values: append(testerTabs, "mail", "trace"), suffixes: []string{".title"}},
		{prefix: "tester.about.", values: testerTabs[1:]},
		{prefix: "tester.area.", values: []string{"citizen", "staff", "test", "technical"}},
		{prefix: "tester.clock.plus.", values: []string{"1", "15", "31"}},
		{prefix: "tester.delivery.", values: deliveries},
		{prefix: "tester.done.", values: []string{"uhr", "mails", "stoerung", "aus", "zurueck"}},
		{prefix: "tester.level.", values: levels},
		{prefix: "tester.sim.state.", values: []string{"up", "down", "silent"}},
		{prefix: "tester.status.", values: statuses},
		{prefix: "tester.tab.", values: testerTabs},
		{prefix: "tester.trace.kind.", values: []string{"log", "delivery", "reply", "payment", "provider", "out", "in", "notice"}},
	}
}

// literal is a string in a source file.
type literal struct {
	at, value string
	prefix    bool // more is put behind it
	asked     bool // the first argument of a function that looks a text up
}

// literals reads every string of the portal's own Go files.
func literals(t *testing.T) []literal {
	t.Helper()
	var out []literal
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		out = append(out, literalsOf(set, file)...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func literalsOf(set *token.FileSet, file *ast.File) []literal {
	var out []literal
	prefixes, asked, ignored := map[ast.Node]bool{}, map[ast.Node]bool{}, map[ast.Node]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.Field:
			if n.Tag != nil {
				ignored[n.Tag] = true
			}
		case *ast.CallExpr:
			name := ""
			switch f := n.Fun.(type) {
			case *ast.SelectorExpr:
				name = f.Sel.Name
			case *ast.Ident:
				name = f.Name
			}
			if (name == "T" || name == "texts" || name == "t") && len(n.Args) > 0 {
				asked[leftmost(n.Args[0])] = true
			}
			if name == "Get" && len(n.Args) > 1 {
				asked[leftmost(n.Args[1])] = true
			}
		case *ast.BinaryExpr:
			if n.Op == token.ADD {
				prefixes[leftmost(n)] = true
			}
		case *ast.BasicLit:
			if s, err := strconv.Unquote(n.Value); n.Kind == token.STRING && err == nil && !ignored[n] {
				out = append(out, literal{set.Position(n.Pos()).String(), s, prefixes[n], asked[n]})
			}
		}
		return true
	})
	return out
}

func leftmost(e ast.Expr) ast.Expr {
	for {
		switch x := e.(type) {
		case *ast.BinaryExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return e
		}
	}
}

// templates reads all templates of the portal.
func templates(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := fs.WalkDir(os.DirFS("templates"), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".html") {
			return err
		}
		raw, err := os.ReadFile(filepath.Join("templates", path))
		out[path] = string(raw)
		return err
	})
	if err != nil || len(out) == 0 {
		t.Fatalf("no templates: %v", err)
	}
	return out
}

var (
	textKey       = regexp.MustCompile(`^[a-z]+(\.[A-Za-z0-9_-]+)+$`)
	textPrefix    = regexp.MustCompile(`^[a-z]+\.([A-Za-z0-9_-]+\.)*$`)
	templateKey   = regexp.MustCompile(`[{(]\s*-?\s*(?:t|has) "([^"]+)"`)
	templateBuilt = regexp.MustCompile(`\(print "([^"]+\.)"`)
	templateParts = regexp.MustCompile(`"([a-z]+(?:\.[A-Za-z0-9_-]+)+)"`)
)

func TestTextsExistAndAreUsed(t *testing.T) {
	t.Parallel()
	all := readTexts(t)
	areas := map[string]bool{}
	for key := range all {
		area, _, _ := strings.Cut(key, ".")
		areas[area] = true
	}
	used, prefixes := map[string]bool{}, map[string]bool{}
	for _, f := range families() {
		prefixes[f.prefix] = true
		for _, key := range f.keys() {
			used[key] = true
			if all[key] == nil && !f.optional {
				t.Errorf("%s is a value that code knows, but it has no text", key)
			}
		}
	}
	derived := func(at, prefix string) {
		if area, _, _ := strings.Cut(prefix, "."); areas[area] && !prefixes[prefix] {
			t.Errorf("%s: keys are built from %q; add its values to families", at, prefix)
		}
	}
	for _, l := range literals(t) {
		switch {
		case l.prefix && textPrefix.MatchString(l.value):
			derived(l.at, l.value)
		case all[l.value] != nil:
			used[l.value] = true
		case l.asked && textKey.MatchString(l.value):
			t.Errorf("%s: there is no text %s", l.at, l.value)
		}
	}
	for file, body := range templates(t) {
		for _, m := range templateKey.FindAllStringSubmatch(body, -1) {
			if all[m[1]] == nil {
				t.Errorf("%s: there is no text %s", file, m[1])
			}
		}
		for _, m := range templateBuilt.FindAllStringSubmatch(body, -1) {
			if m[1] != "task." && m[1] != "file." { // the part status-badge puts "status." before them
				derived(file, m[1])
			}
		}
		for _, m := range templateParts.FindAllStringSubmatch(body, -1) {
			used[m[1]] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if !used[key] {
			t.Errorf("nothing uses %s", key)
		}
	}
}

var (
	templateAction = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	htmlTag        = regexp.MustCompile(`(?s)<[^>]*>`)
	htmlEntity     = regexp.MustCompile(`&#?[a-zA-Z0-9]+;`)
	spokenAttr     = regexp.MustCompile(`\b(?:title|alt|placeholder|aria-label|aria-description|content)="[^"]*\pL[^"]*"`)
	markupAttr     = regexp.MustCompile(`\s[a-z-]+="[^"]*"`) // of a template that is a piece of a tag
	spokenArg      = regexp.MustCompile(`"(?:Title|Label|Text|Hint|Caption|Primary|Secondary|LinkLabel|Badge)" "[^"]*\pL[^"]*"`)
)

// TestTemplatesHoldNoWords keeps every visible word in the language files.
func TestTemplatesHoldNoWords(t *testing.T) {
	t.Parallel()
	for file, body := range templates(t) {
		for _, m := range spokenArg.FindAllString(body, -1) {
			if !strings.Contains(m, `"Message-ID"`) { // the name of a mail's header
				t.Errorf("%s: %s is no text of a language file", file, m)
			}
		}
		markup := templateAction.ReplaceAllString(body, "")
		for _, m := range spokenAttr.FindAllString(markup, -1) {
			if !strings.HasPrefix(m, `content="`) || strings.Contains(m, " ") && !strings.Contains(m, "width=") && !strings.Contains(m, "light dark") {
				t.Errorf("%s: %s is no text of a language file", file, m)
			}
		}
		text := markupAttr.ReplaceAllString(htmlEntity.ReplaceAllString(htmlTag.ReplaceAllString(markup, " "), " "), "")
		for _, word := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) }) {
			t.Errorf("%s: the word %q is no text of a language file", file, word)
		}
	}
}

// maxWords bounds a sentence in Leichte Sprache.
const maxWords = 12

var sentenceEnd = regexp.MustCompile(`[.!?:;](?:[“")]*)(?:\s|$)|\n`)

func TestSimpleSentencesAreShort(t *testing.T) {
	t.Parallel()
	readForms(t, readTexts(t)).each(func(key, lang, text string) {
		if lang != "de-simple" {
			return
		}
		for _, sentence := range sentenceEnd.Split(text, -1) {
			words := strings.FieldsFunc(sentence, func(r rune) bool { return unicode.IsSpace(r) })
			words = slices.DeleteFunc(words, func(w string) bool {
				return !strings.ContainsFunc(w, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
			})
			if len(words) > maxWords {
				t.Errorf("%s: %d words: %s", key, len(words), sentence)
			}
		}
	})
}

var (
	bundIDSpelling = regexp.MustCompile(`(?i)\bbund[\s-]?id\b`)
	leistung       = regexp.MustCompile(`(?:^|[^\pL-])Leistung(?:en|s)?(?:[^\pL-]|$)`)
	receipts       = regexp.MustCompile(`(?i)[\pL-]*(?:bestätigung|quittung)`)
)

// TestWords holds the texts to the portal's vocabulary and typography.
func TestWords(t *testing.T) {
	t.Parallel()
	names := map[string]bool{"eingangsbestätigung": true, "zahlungsbestätigung": true, "empfangsquittung": true}
	readForms(t, readTexts(t)).each(func(key, lang, text string) {
		for _, m := range bundIDSpelling.FindAllString(text, -1) {
			if m != "BundID" && !strings.Contains(text, "/"+m) {
				t.Errorf("%s %s: %q must read BundID", key, lang, m)
			}
		}
		if strings.Contains(text, `"`) {
			t.Errorf("%s %s: straight quotation marks: %s", key, lang, text)
		}
		if lang == "en" {
			if strings.ContainsAny(text, "„") {
				t.Errorf("%s: German quotation marks in English: %s", key, text)
			}
			return
		}
		if strings.Count(text, "„") != strings.Count(text, "“") || strings.Contains(text, "”") {
			t.Errorf("%s %s: quotation marks must be „ and “: %s", key, lang, text)
		}
		if !staffText(key) && leistung.MatchString(text) {
			t.Errorf("%s %s: citizens read Dienstleistung: %s", key, lang, text)
		}
		found := map[string]bool{}
		for _, m := range receipts.FindAllString(text, -1) {
			word := strings.ToLower(strings.ReplaceAll(m, "-", ""))
			if !names[word] {
				t.Errorf("%s %s: %q is none of the three confirmations: %s", key, lang, m, text)
			}
			found[word] = true
		}
		if len(found) > 1 {
			t.Errorf("%s %s: mixes confirmations: %s", key, lang, text)
		}
	})
}
