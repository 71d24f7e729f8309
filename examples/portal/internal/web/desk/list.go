package desk

import (
	"crypto/rand"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/postkorb"
)

func (p *Pages) registerLists(c *web.Core) {
	c.Handle("GET /amt/eingang", p.member(p.inbox))
	c.Handle("GET /amt/meine", p.member(p.mine))
	c.Handle("GET /amt/abgeschlossen", p.member(p.closed))
	c.Handle("GET /amt/wiedervorlagen", p.member(p.reminders))
	c.Handle("POST /amt/suche", p.member(p.search))
}

// pageSize is how many cases one page of a list shows.
const pageSize = 25

// statuses are all that a list can be narrowed to, in the order of a case.
var statuses = []postkorb.Status{postkorb.StatusReceived, postkorb.StatusInReview, postkorb.StatusQuestion, postkorb.StatusPaymentOpen, postkorb.StatusHandedOver,
	postkorb.StatusGranted, postkorb.StatusPartly, postkorb.StatusRefused, postkorb.StatusDone, postkorb.StatusConfirmed, postkorb.StatusWithdrawn}

// badge is a state in words and in one of the kinds of the status badge.
type badge struct{ Label, Kind string }

func statusBadge(r *web.Request, s postkorb.Status) badge {
	b := badge{Label: r.T("desk.status." + string(s)), Kind: "info"}
	switch s {
	case postkorb.StatusQuestion, postkorb.StatusPaymentOpen, postkorb.StatusPartly:
		b.Kind = "warning"
	case postkorb.StatusGranted, postkorb.StatusDone, postkorb.StatusConfirmed:
		b.Kind = "success"
	case postkorb.StatusRefused:
		b.Kind = "danger"
	case postkorb.StatusWithdrawn:
		b.Kind = "neutral"
	}
	return b
}

// row is one case of a list. Of a case whose content the person may not read
// it holds reference, service and date only.
type row struct {
	Reference, URL, Service string
	Received                time.Time
	Full                    bool
	Applicant, Handler      string
	Mine                    bool
	Due                     time.Time
	Overdue                 bool
	Status                  badge
	Test, News              bool // News: the answer of an involved unit is there
}

type option struct {
	Value, Label, Hint string
	Checked            bool
}

// filter is what a list is narrowed to; its values are codes and go into the
// address. The words of a search may name a person: they stay in the session
// and the address has only their key.
type filter struct {
	Text, Key, Status, Service, Handling string
}

type listData struct {
	Kind             string // "inbox", "mine" or "closed"
	Heading, Lead    string
	Rows             []row
	Count            string
	Filter           filter
	Statuses         []option
	Services         []option
	Handlings        []option
	Filtered         bool
	NextURL, PrevURL string
	ResetURL         string
}

const keySearch = "desk.search"

// search keeps the words of a search and leads to the list.
func (p *Pages) search(v *visit) error {
	if err := v.Form(); err != nil {
		return err
	}
	path := "/amt/eingang"
	switch v.PostFormValue("liste") {
	case "mine":
		path = "/amt/meine"
	case "closed":
		path = "/amt/abgeschlossen"
	}
	q := url.Values{}
	for _, name := range []string{"status", "dienst", "bearbeitung"} {
		if s := v.PostFormValue(name); s != "" && len(s) <= 200 {
			q.Set(name, s)
		}
	}
	if text := strings.TrimSpace(v.PostFormValue("q")); text != "" {
		if runes := []rune(text); len(runes) > 200 {
			text = string(runes[:200])
		}
		key := rand.Text()[:8]
		if v.Staff.Values == nil {
			v.Staff.Values = map[string]string{}
		}
		v.Staff.Values[keySearch] = key + " " + text
		v.ChangeStaff()
		q.Set("suche", key)
	}
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	return v.Redirect(path)
}

func (v *visit) filter() filter {
	q := v.URL.Query()
	f := filter{Status: q.Get("status"), Service: q.Get("dienst"), Handling: q.Get("bearbeitung")}
	if key := q.Get("suche"); key != "" {
		if k, text, ok := strings.Cut(v.Staff.Values[keySearch], " "); ok && k == key {
			f.Key, f.Text = key, text
		}
	} else if ref, ok := antrag.ParseReference(q.Get("q")); ok {
		f.Text = ref
	}
	return f
}

func (f filter) query() url.Values {
	q := url.Values{}
	for name, s := range map[string]string{"status": f.Status, "dienst": f.Service, "bearbeitung": f.Handling, "suche": f.Key} {
		if s != "" {
			q.Set(name, s)
		}
	}
	return q
}

func (p *Pages) inbox(v *visit) error  { return p.list(v, "inbox", antrag.Query{Open: true}) }
func (p *Pages) closed(v *visit) error { return p.list(v, "closed", antrag.Query{Closed: true}) }
func (p *Pages) mine(v *visit) error {
	return p.list(v, "mine", antrag.Query{Open: true, Assignee: v.person()})
}

func (p *Pages) list(v *visit, kind string, q antrag.Query) error {
	f := v.filter()
	visible := v.may.listed()
	q.Text, q.Status, q.Service, q.Limit = f.Text, postkorb.Status(f.Status), f.Service, pageSize
	if _, exact := antrag.ParseReference(f.Text); f.Text != "" && !exact {
		// A name may only be looked for where it may be read: a hit would tell it.
		visible = v.may.visible(permRead)
	}
	switch f.Handling {
	case "niemand":
		q.Nobody, visible = true, v.may.visible(permRead)
	case "ich":
		q.Assignee, visible = v.person(), v.may.visible(permRead)
	}
	if f.Status != "" || kind == "mine" {
		visible = v.may.visible(permRead) // envelopes show neither status nor handler
	}
	after, err := decodeCursor(v.URL.Query().Get("nach"))
	if err != nil {
		return web.ErrBadRequest
	}
	q.AfterTime, q.AfterID = after.at, after.id
	apps, count, more, err := p.Applications.List(v.Context(), visible, q)
	if err != nil {
		return err
	}
	d := listData{Kind: kind, Heading: v.T("desk." + kind + ".title"), Lead: v.T("desk." + kind + ".lead"), Filter: f, Count: countText(v.Lang, count)}
	if d.Rows, err = p.rows(v, apps); err != nil {
		return err
	}
	if err := p.options(v, kind, &d); err != nil {
		return err
	}
	d.Filtered, d.ResetURL = len(f.query()) > 0 || f.Text != "", v.URL.Path
	if more {
		last := apps[len(apps)-1]
		next := f.query()
		next.Set("nach", encodeCursor(cursor{last.ReceivedAt, last.ID}))
		d.NextURL = v.URL.Path + "?" + next.Encode()
	}
	if after.id != "" {
		if d.PrevURL = v.URL.Path; len(f.query()) > 0 {
			d.PrevURL += "?" + f.query().Encode()
		}
	}
	return v.Render("desk/list", web.View{Title: d.Heading, Data: d, Noindex: true})
}

// countText is exact up to a thousand.
func countText(lang string, n int) string {
	if n <= 1000 {
		if n == 1000 && lang != web.English {
			return "1.000"
		}
		return strconv.Itoa(n)
	}
	if lang == web.English {
		return "1,000+"
	}
	return "1.000+"
}

// rows shows of each case what the person may know of it.
func (p *Pages) rows(v *visit, apps []antrag.Application) ([]row, error) {
	if len(apps) == 0 {
		return nil, nil
	}
	full, err := p.among(v, apps, v.may.visible(permRead))
	if err != nil {
		return nil, err
	}
	open, err := p.among(v, apps, v.may.reachable())
	if err != nil {
		return nil, err
	}
	news, err := p.among(v, apps, v.may.answered())
	if err != nil {
		return nil, err
	}
	now := v.Now()
	out := make([]row, 0, len(apps))
	for _, a := range apps {
		r := row{Reference: a.Reference, Service: a.Title, Received: a.ReceivedAt}
		if open[a.ID] {
			r.URL = casePath(a.ID)
		}
		if full[a.ID] {
			r.Full, r.Applicant, r.Due, r.Test, r.News = true, a.Applicant, a.DueAt, a.Test, news[a.ID]
			r.Overdue = !a.Closed() && !a.DueAt.IsZero() && now.After(a.DueAt)
			r.Status = statusBadge(v.Request, a.Status)
			if a.Assignee != "" {
				r.Handler, r.Mine = p.PersonName(a.Assignee), a.Assignee == v.person()
			}
		}
		out = append(out, r)
	}
	return out, nil
}

// among returns which of the cases a restriction admits.
func (p *Pages) among(v *visit, apps []antrag.Application, visible antrag.Visible) (map[string]bool, error) {
	ids := make([]string, 0, len(apps))
	for _, a := range apps {
		ids = append(ids, a.ID)
	}
	var found []string
	q := p.Applications.DB.Read.NewSelect().Model((*antrag.Application)(nil)).Column("a.id").Where("a.id IN (?)", bun.List(ids))
	if err := visible(q).Scan(v.Context(), &found); err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, id := range found {
		out[id] = true
	}
	return out, nil
}

// options fills the choices of the filter.
func (p *Pages) options(v *visit, kind string, d *listData) error {
	for _, s := range statuses {
		if antrag.Ended(s) == (kind == "closed") {
			d.Statuses = append(d.Statuses, option{Value: string(s), Label: v.T("desk.status." + string(s))})
		}
	}
	if kind == "inbox" {
		d.Handlings = []option{{Value: "niemand", Label: v.T("desk.filter.nobody")}, {Value: "ich", Label: v.T("desk.filter.mine")}}
	}
	var services []struct{ Service, Title string }
	q := p.Applications.DB.Read.NewSelect().Model((*antrag.Application)(nil)).ColumnExpr("a.service AS service, MIN(a.title) AS title")
	err := v.may.listed()(q).GroupExpr("a.service").OrderExpr("2").Limit(200).Scan(v.Context(), &services)
	for _, s := range services {
		d.Services = append(d.Services, option{Value: s.Service, Label: s.Title})
	}
	return err
}

// cursor is the place in a list after which a page begins.
type cursor struct {
	at time.Time
	id string
}

func encodeCursor(c cursor) string {
	return base64.RawURLEncoding.EncodeToString([]byte(c.at.UTC().Format(time.RFC3339Nano) + " " + c.id))
}

func decodeCursor(s string) (cursor, error) {
	if s == "" {
		return cursor{}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(raw) > 200 {
		return cursor{}, web.ErrBadRequest
	}
	at, id, ok := strings.Cut(string(raw), " ")
	t, err := time.Parse(time.RFC3339Nano, at)
	if !ok || err != nil || id == "" || strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		return cursor{}, web.ErrBadRequest
	}
	return cursor{t, id}, nil
}

// reminderRow is one entry of the list of reminders.
type reminderRow struct {
	ID, Day, Body, DoneURL, Author string
	Due                            bool
	Case                           row
}

func (p *Pages) reminders(v *visit) error {
	list, err := p.Applications.Reminders(v.Context(), v.may.visible(permRead), v.person(), "")
	if err != nil {
		return err
	}
	rows, err := p.reminderRows(v, list)
	if err != nil {
		return err
	}
	return v.Render("desk/reminders", web.View{Title: v.T("desk.reminders.title"), Data: struct{ Rows []reminderRow }{rows}, Noindex: true})
}

func (p *Pages) reminderRows(v *visit, list []antrag.Reminder) ([]reminderRow, error) {
	if len(list) == 0 {
		return nil, nil
	}
	ids := make([]string, 0, len(list))
	for _, w := range list {
		ids = append(ids, w.Application)
	}
	var apps []antrag.Application
	q := p.Applications.DB.Read.NewSelect().Model(&apps).ExcludeColumn("payload", "answers").Where("a.id IN (?)", bun.List(ids))
	if err := v.may.visible(permRead)(q).Scan(v.Context()); err != nil {
		return nil, err
	}
	rows, err := p.rows(v, apps)
	if err != nil {
		return nil, err
	}
	byID := map[string]row{}
	for i, a := range apps {
		byID[a.ID] = rows[i]
	}
	today := p.Applications.Today().Format(time.DateOnly)
	var out []reminderRow
	for _, w := range list {
		c, ok := byID[w.Application]
		if !ok {
			continue
		}
		r := reminderRow{ID: w.ID, Day: dayText(v.Lang, w.DueOn), Body: w.Body, Due: w.DueOn <= today, Case: c, Author: p.PersonName(w.Person)}
		if w.Person == v.person() {
			r.DoneURL = casePath(w.Application, "wiedervorlage", url.PathEscape(w.ID), "erledigt")
		}
		out = append(out, r)
	}
	return out, nil
}

// dayText writes a day of the form 2006-01-02 for people.
func dayText(lang, day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return ""
	}
	return web.FormatDate(lang, t.Add(12*time.Hour))
}
