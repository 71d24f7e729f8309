package desk

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/postkorb"
)

// The longest texts that the staff's forms take, in characters.
const (
	maxSubject = 200
	maxBody    = 10_000
	maxSlots   = 20
)

// form is one page on which something is done to a case.
type form struct {
	Head      head
	Title     string
	Intro     string
	Action    string
	Submit    string
	Multipart bool
	Hidden    []pair
	Fields    []map[string]any // arguments of the form parts, with "Part"
	Quote     *message         // what the form is about
}

// posted is what every form of a case sends along: the version that the
// person saw, the last entry of its log, and a key that makes a second click
// do nothing.
type posted struct {
	version, stand int64
	key            string
	values         url.Values
}

func newKey() string { return rand.Text() }

func (v *visit) posted(values url.Values) (posted, error) {
	po := posted{values: values, key: values.Get("key")}
	var err1, err2 error
	po.version, err1 = strconv.ParseInt(values.Get("version"), 10, 64)
	po.stand, err2 = strconv.ParseInt(values.Get("stand"), 10, 64)
	if err1 != nil || err2 != nil || po.version < 1 || po.stand < 0 || len(po.key) < 8 || len(po.key) > 40 ||
		strings.Trim(po.key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") != "" {
		return posted{}, web.ErrBadRequest
	}
	return po, nil
}

func (v *visit) postedForm() (posted, error) {
	if err := v.Form(); err != nil {
		return posted{}, err
	}
	return v.posted(v.PostForm)
}

// id derives the id of a new row from the key, so that a repetition writes the
// same row and nobody can choose the id of somebody else's.
func (po posted) id(v *visit, f *file, action string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{action, f.ID, v.person(), po.key}, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// messageKey is the idempotency key of a message.
func (po posted) messageKey(v *visit, f *file, action string) string {
	return "amt-" + po.id(v, f, action)
}

func (po posted) text(name string) string {
	return strings.TrimSpace(strings.ReplaceAll(strings.ReplaceAll(po.values.Get(name), "\r\n", "\n"), "\r", "\n"))
}

// check collects the mistakes of a form.
type check struct {
	v    *visit
	errs []web.FieldError
}

func (c *check) add(field, key string, pairs ...any) {
	c.errs = append(c.errs, web.FieldError{Field: field, Text: c.v.T(key, pairs...)})
}

// text checks one text of a form.
func (c *check) text(field, s string, required bool, longest int) {
	switch {
	case s == "" && required:
		c.add(field, "desk.error.required."+field)
	case utf8.RuneCountInString(s) > longest:
		c.add(field, "desk.error.long", "n", longest)
	case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x7f }):
		c.add(field, "desk.error.text")
	}
}

// day reads a date of three inputs; the zero time when all are empty.
func (c *check) day(p *Pages, po posted, field string, required bool) time.Time {
	d, m, y := po.text(field+"-day"), po.text(field+"-month"), po.text(field+"-year")
	if d == "" && m == "" && y == "" {
		if required {
			c.add(field, "desk.error.required."+field)
		}
		return time.Time{}
	}
	now := p.Applications.Today()
	day, err1 := strconv.Atoi(d)
	month, err2 := strconv.Atoi(m)
	year, err3 := strconv.Atoi(y)
	if err1 != nil || err2 != nil || err3 != nil || len(y) != 4 || month < 1 || month > 12 {
		c.add(field, "desk.error.date")
		return time.Time{}
	}
	at := time.Date(year, time.Month(month), day, 23, 59, 0, 0, now.Location())
	switch {
	case at.Day() != day:
		c.add(field, "desk.error.date")
	case at.Before(now):
		c.add(field, "desk.error.past")
	case at.After(now.AddDate(3, 0, 0)):
		c.add(field, "desk.error.far")
	default:
		return at
	}
	return time.Time{}
}

// invalid adds what the inbox refuses and reports whether err was that.
func (c *check) invalid(err error, field string) bool {
	var bad *postkorb.InvalidError
	if !errors.As(err, &bad) {
		return false
	}
	c.add(field, "desk.error.text")
	return true
}

func (c *check) of(field string) string {
	for _, e := range c.errs {
		if e.Field == field {
			return e.Text
		}
	}
	return ""
}

// showForm draws a form page; po is nil when it is shown for the first time.
func (p *Pages) showForm(v *visit, f *file, name string, po *posted, c *check, build func(values url.Values, c *check) form) error {
	if c == nil {
		c = &check{v: v}
	}
	now := posted{version: f.Version, key: newKey(), values: url.Values{}}
	if po != nil {
		now = *po
	} else if !f.full && !f.envelope {
		now.version = 1 // whoever was shown a piece learns nothing of the rest
	} else {
		log, err := p.Applications.Log(v.Context(), f.ID)
		if err != nil {
			return err
		}
		now.stand = lastEntry(log)
	}
	d := build(now.values, c)
	d.Head, d.Action = p.head(v, f, f.full), v.URL.Path
	d.Title = v.T("desk." + name + ".title")
	if key := "desk." + name + ".intro"; d.Intro == "" && v.Core.Texts.Has(key) {
		d.Intro = v.T(key)
	}
	d.Submit = v.T("desk." + name + ".submit")
	d.Hidden = append(d.Hidden, pair{"version", strconv.FormatInt(now.version, 10)}, pair{"stand", strconv.FormatInt(now.stand, 10)}, pair{"key", now.key})
	return v.Render("desk/form", web.View{Title: d.Title, Errors: c.errs, Data: d, Noindex: true,
		Crumbs: []web.Crumb{{Label: v.T("desk.nav.inbox"), URL: "/amt/eingang"}, {Label: f.Reference, URL: casePath(f.ID)}, {Label: d.Title}}})
}

// The fields of the forms, as arguments of the form parts.

func textField(v *visit, values url.Values, c *check, name string, required bool) map[string]any {
	return map[string]any{"Part": "text", "ID": name, "Name": name, "Label": v.T("desk.field." + name), "Value": values.Get(name), "Required": required,
		"Error": c.of(name), "MaxLength": maxSubject}
}

func areaField(v *visit, values url.Values, c *check, name string, required bool) map[string]any {
	m := textField(v, values, c, name, required)
	m["Part"], m["Rows"], m["MaxLength"] = "textarea", 8, maxBody
	if key := "desk.field." + name + ".hint"; v.Core.Texts.Has(key) {
		m["Hint"] = v.T(key)
	}
	return m
}

func dayField(v *visit, values url.Values, c *check, name string, required bool) map[string]any {
	return map[string]any{"Part": "date", "ID": name, "Name": name, "Label": v.T("desk.field." + name), "Required": required, "Error": c.of(name),
		"Day": values.Get(name + "-day"), "Month": values.Get(name + "-month"), "Year": values.Get(name + "-year")}
}

func choiceField(v *visit, values url.Values, c *check, part, name string, options []option) map[string]any {
	return map[string]any{"Part": part, "ID": name, "Name": name, "Label": v.T("desk.field." + name), "Required": true, "Error": c.of(name),
		"Options": options, "Value": values.Get(name)}
}

// conflictData shows what happened since the person opened the form, and what
// was typed, so that nothing is lost.
type conflictData struct {
	Head   head
	Events []event
	Typed  []pair
	Closed bool
	Gone   bool // the case is not the person's any more
}

// finish answers after an action: back to the case, or the page of the
// conflict. done says whether the case as it is now already has what was asked
// for, which is so after a second click.
func (p *Pages) finish(v *visit, f *file, po posted, err error, flash string, done func(antrag.Application) (bool, error)) error {
	var step *postkorb.StatusError
	var slot *postkorb.SlotError
	switch {
	case err == nil:
		v.Flash("success", flash)
		return v.Redirect(casePath(f.ID))
	case errors.Is(err, antrag.ErrConflict), errors.Is(err, antrag.ErrClosed), errors.Is(err, postkorb.ErrConflict), errors.Is(err, postkorb.ErrClosed),
		errors.As(err, &step), errors.As(err, &slot):
	default:
		return err
	}
	now, openErr := p.open(v)
	if openErr != nil {
		return openErr
	}
	if done != nil {
		ok, err := done(now.Application)
		if err != nil {
			return err
		}
		if ok {
			v.Flash("success", flash)
			return v.Redirect(casePath(f.ID))
		}
	}
	log, err := p.Applications.Log(v.Context(), f.ID)
	if err != nil {
		return err
	}
	var since []antrag.LogEntry
	for _, e := range log {
		if e.ID > po.stand {
			since = append(since, e)
		}
	}
	full := now.full
	d := conflictData{Head: p.head(v, now, full), Closed: now.Closed()}
	if full {
		d.Events = p.events(v, since)
	}
	for _, name := range []string{"betreff", "text", "unterlagen", "grund", "frage", "antwort", "erlaeuterung", "hinweis", "bleibgrund"} {
		if s := po.text(name); s != "" {
			d.Typed = append(d.Typed, pair{v.T("desk.field." + name), s})
		}
	}
	return v.Render("desk/conflict", web.View{Title: v.T("desk.conflict.title"), Status: http.StatusConflict, Data: d, Noindex: true})
}

// sent reports whether the conversation has the message with the key.
func (p *Pages) sent(v *visit, f *file, key string) func(antrag.Application) (bool, error) {
	return func(antrag.Application) (bool, error) {
		list, err := p.thread(v.Context(), f)
		if err != nil {
			return false, err
		}
		for _, m := range list {
			if m.Key == key {
				return true, nil
			}
		}
		return false, nil
	}
}

func (p *Pages) actor(v *visit) antrag.Actor {
	return antrag.Actor{Kind: "staff", ID: v.person(), Unit: p.PersonUnit(v.person())}
}
