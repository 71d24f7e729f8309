package desk

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/postkorb"
)

func (p *Pages) registerActions(c *web.Core) {
	both := func(path, permission string, show, do func(*visit, *file) error) {
		c.Handle("GET /amt/vorgang/{id}/"+path, p.working(permission, show))
		c.Handle("POST /amt/vorgang/{id}/"+path, p.working(permission, do))
	}
	c.Handle("POST /amt/vorgang/{id}/uebernehmen", p.working(permProcess, p.take))
	c.Handle("POST /amt/vorgang/{id}/zurueckgeben", p.working(permProcess, p.giveBack))
	c.Handle("GET /amt/vorgang/{id}/zuweisen", p.inCase(permAssign, p.assignForm))
	c.Handle("POST /amt/vorgang/{id}/zuweisen", p.inCase(permAssign, p.assign))
	both("rueckfrage", permMessage, p.askForm, p.ask)
	both("nachforderung", permMessage, p.requestForm, p.request)
	both("mitteilung", permMessage, p.informForm, p.inform)
	both("unterlage/{nachricht}/{feld}", permMessage, p.reviewForm, p.review)
	both("status", permProcess, p.statusForm, p.status)
	both("bescheid", permDecide, p.decideForm, p.decide)
	both("vermerk", permNote, p.noteForm, p.note)
	both("wiedervorlage", permProcess, p.reminderForm, p.remind)
	c.Handle("POST /amt/vorgang/{id}/wiedervorlage/{erinnerung}/erledigt", p.working(permProcess, p.reminderDone))
}

// working is inCase for what needs to read the case as well.
func (p *Pages) working(permission string, h func(*visit, *file) error) web.Handler {
	return p.inCase(permRead, func(v *visit, f *file) error {
		if !v.may.allowed(permission, f.obj) {
			return f.refuse()
		}
		return h(v, f)
	})
}

// actions lists what the person may do to the case now.
func (p *Pages) actions(v *visit, f *file) []web.Link {
	may := func(perm string) bool { return v.may.allowed(perm, f.obj) }
	read := may(permRead)
	waits := p.Applications.Prepaid(f.Application) // nothing is decided before the fee is there
	var out []web.Link
	add := func(ok bool, name, path string) {
		if ok {
			out = append(out, web.Link{Label: v.T("desk.action." + name), URL: casePath(f.ID, path)})
		}
	}
	add(read && may(permMessage) && !f.Closed() && !waits, "ask", "rueckfrage")
	add(read && may(permMessage) && !f.Closed() && !waits, "request", "nachforderung")
	add(read && may(permMessage), "inform", "mitteilung")
	add(read && may(permDecide) && !f.Closed() && !waits, "decide", "bescheid")
	add(read && may(permProcess) && len(nextStatuses(f.Status)) > 0 && !waits, "status", "status")
	add(may(permAssign) && !f.Closed() && !waits, "assign", "zuweisen")
	add(read && may(permInvolve) && !f.Closed(), "involve", "beteiligen")
	add(may(permTransfer) && !f.Closed(), "transfer", "abgeben")
	add(read && may(permNote), "note", "vermerk")
	add(read && may(permProcess), "reminder", "wiedervorlage")
	return out
}

func (p *Pages) take(v *visit, f *file) error {
	po, err := v.postedForm()
	if err != nil {
		return err
	}
	if f.Assignee != "" && f.Assignee != v.person() && !v.may.allowed(permAssign, f.obj) {
		return p.finish(v, f, po, antrag.ErrConflict, "", nil)
	}
	_, err = p.Applications.Take(v.Context(), p.actor(v), f.ID, po.version, v.person())
	return p.finish(v, f, po, err, "desk.take.done", func(a antrag.Application) (bool, error) { return a.Assignee == v.person(), nil })
}

func (p *Pages) giveBack(v *visit, f *file) error {
	po, err := v.postedForm()
	if err != nil {
		return err
	}
	if f.Assignee != "" && f.Assignee != v.person() && !v.may.allowed(permAssign, f.obj) {
		return web.ErrForbidden
	}
	_, err = p.Applications.Take(v.Context(), p.actor(v), f.ID, po.version, "")
	return p.finish(v, f, po, err, "desk.give.done", func(a antrag.Application) (bool, error) { return a.Assignee == "", nil })
}

// colleagues are those who may work on the case.
func (p *Pages) colleagues(v *visit, f *file) []option {
	out := []option{}
	for _, id := range v.may.policy.Who(v.may.at, permProcess, f.obj.lead) {
		out = append(out, option{Value: id, Label: p.PersonName(id)})
	}
	slices.SortFunc(out, func(a, b option) int { return cmp.Compare(a.Label, b.Label) })
	return append(out, option{Value: "-", Label: v.T("desk.assign.nobody")})
}

func (p *Pages) assignForm(v *visit, f *file) error { return p.showAssign(v, f, nil, nil) }

func (p *Pages) showAssign(v *visit, f *file, po *posted, c *check) error {
	return p.showForm(v, f, "assign", po, c, func(values url.Values, c *check) form {
		return form{Fields: []map[string]any{choiceField(v, values, c, "select", "person", p.colleagues(v, f))}}
	})
}

func (p *Pages) assign(v *visit, f *file) error {
	po, err := v.postedForm()
	if err != nil {
		return err
	}
	c := &check{v: v}
	to := po.values.Get("person")
	if !slices.ContainsFunc(p.colleagues(v, f), func(o option) bool { return o.Value == to }) {
		c.add("person", "desk.error.choice")
		return p.showAssign(v, f, &po, c)
	}
	if to == "-" {
		to = ""
	}
	_, err = p.Applications.Take(v.Context(), p.actor(v), f.ID, po.version, to)
	return p.finish(v, f, po, err, "desk.assign.done", func(a antrag.Application) (bool, error) { return a.Assignee == to, nil })
}

// nextStatuses are the steps that the staff sets by hand. A question, a
// decision and a withdrawal have ways of their own.
func nextStatuses(from postkorb.Status) []postkorb.Status {
	var out []postkorb.Status
	ladder := postkorb.DefaultLadder()
	for _, to := range statuses {
		if ladder.Allows(from, to) && !antrag.Ended(to) && to != postkorb.StatusQuestion {
			out = append(out, to)
		}
	}
	return out
}

func (p *Pages) statusForm(v *visit, f *file) error { return p.showStatus(v, f, nil, nil) }

func (p *Pages) showStatus(v *visit, f *file, po *posted, c *check) error {
	return p.showForm(v, f, "setstatus", po, c, func(values url.Values, c *check) form {
		var options []option
		for _, s := range nextStatuses(f.Status) {
			options = append(options, option{Value: string(s), Label: v.T("desk.status." + string(s)), Hint: v.T("desk.setstatus.citizen", "text", v.T("desk.public."+string(s)))})
		}
		return form{Fields: []map[string]any{choiceField(v, values, c, "radios", "status", options), areaField(v, values, c, "text", false)}}
	})
}

func (p *Pages) status(v *visit, f *file) error {
	po, err := v.postedForm()
	if err != nil {
		return err
	}
	to := postkorb.Status(po.values.Get("status"))
	c := &check{v: v}
	c.text("text", po.text("text"), false, maxBody)
	// When the case moved on since the form was shown, that is a conflict and
	// no wrong choice.
	if f.Version == po.version && !slices.Contains(nextStatuses(f.Status), to) || !slices.Contains(statuses, to) || antrag.Ended(to) || to == postkorb.StatusQuestion {
		c.add("status", "desk.error.choice")
	}
	if len(c.errs) > 0 {
		return p.showStatus(v, f, &po, c)
	}
	_, err = p.Applications.SetStatus(v.Context(), p.actor(v), f.ID, po.version, to, po.text("text"))
	if c.invalid(err, "text") {
		return p.showStatus(v, f, &po, c)
	}
	return p.finish(v, f, po, err, "desk.setstatus.done", func(a antrag.Application) (bool, error) {
		if a.Status != to || a.Version != po.version+1 {
			return false, nil
		}
		log, err := p.Applications.Log(v.Context(), f.ID)
		n := len(log)
		return n > 0 && log[n-1].Action == "status" && log[n-1].Actor == v.person(), err
	})
}

func (p *Pages) noteForm(v *visit, f *file) error { return p.showNote(v, f, nil, nil) }

func (p *Pages) showNote(v *visit, f *file, po *posted, c *check) error {
	return p.showForm(v, f, "note", po, c, func(values url.Values, c *check) form {
		return form{Fields: []map[string]any{areaField(v, values, c, "text", true)}}
	})
}

func (p *Pages) note(v *visit, f *file) error {
	po, err := v.postedForm()
	if err != nil {
		return err
	}
	c := &check{v: v}
	c.text("text", po.text("text"), true, maxBody)
	if len(c.errs) > 0 {
		return p.showNote(v, f, &po, c)
	}
	err = p.Applications.AddNote(v.Context(), p.actor(v), f.ID, po.id(v, f, "note"), po.text("text"))
	return p.finish(v, f, po, err, "desk.note.done", nil)
}

func (p *Pages) reminderForm(v *visit, f *file) error { return p.showReminder(v, f, nil, nil) }

func (p *Pages) showReminder(v *visit, f *file, po *posted, c *check) error {
	return p.showForm(v, f, "reminder", po, c, func(values url.Values, c *check) form {
		return form{Fields: []map[string]any{dayField(v, values, c, "tag", true), textField(v, values, c, "anlass", true)}}
	})
}

func (p *Pages) remind(v *visit, f *file) error {
	po, err := v.postedForm()
	if err != nil {
		return err
	}
	c := &check{v: v}
	day := c.day(p, po, "tag", true)
	c.text("anlass", po.text("anlass"), true, maxSubject)
	if len(c.errs) > 0 {
		return p.showReminder(v, f, &po, c)
	}
	err = p.Applications.AddReminder(v.Context(), p.actor(v), f.ID, po.id(v, f, "reminder"), day, po.text("anlass"))
	return p.finish(v, f, po, err, "desk.reminder.done", nil)
}

// reminderDone ends a reminder of the person's own; done already, it is done.
func (p *Pages) reminderDone(v *visit, f *file) error {
	if err := v.Form(); err != nil {
		return err
	}
	list, err := p.Applications.Reminders(v.Context(), v.may.visible(permRead), v.person(), f.ID)
	if err != nil {
		return err
	}
	id := v.PathValue("erinnerung")
	if slices.ContainsFunc(list, func(w antrag.Reminder) bool { return w.ID == id }) {
		if err := p.Applications.DoneReminder(v.Context(), p.actor(v), f.ID, id); err != nil {
			return err
		}
		v.Flash("success", "desk.reminder.ended")
	}
	if v.PostFormValue("zurueck") == "liste" {
		return v.Redirect("/amt/wiedervorlagen")
	}
	return v.Redirect(casePath(f.ID))
}

// lines splits a text into its lines without empty ones.
func lines(s string) []string {
	var out []string
	for _, l := range strings.Split(s, "\n") {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}
