package desk

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
)

func (p *Pages) transferForm(v *visit, f *file) error {
	if f.Closed() {
		return p.ended(v, f)
	}
	return p.showTransfer(v, f, nil, nil)
}

func (p *Pages) showTransfer(v *visit, f *file, po *posted, c *check) error {
	return p.showForm(v, f, "transfer", po, c, func(values url.Values, c *check) form {
		var reasons []option
		for _, r := range antrag.TransferReasons() {
			reasons = append(reasons, option{Value: string(r), Label: v.T("desk.transfer.reason." + string(r))})
		}
		d := form{Fields: []map[string]any{choiceField(v, values, c, "select", "stelle", p.receivers(v, f)),
			choiceField(v, values, c, "radios", "warum", reasons), areaField(v, values, c, "hinweis", false)}}
		if f.full { // who sees the envelope only has nothing to stay for
			stay := choiceField(v, values, c, "radios", "bleiben", []option{{Value: "nein", Label: v.T("desk.transfer.stay.no")}, {Value: "ja", Label: v.T("desk.transfer.stay.yes")}})
			if values.Get("bleiben") == "" {
				stay["Value"] = "nein"
			}
			d.Fields = append(d.Fields, stay, needed(areaField(v, values, c, "bleibgrund", false)))
		}
		return d
	})
}

// receivers are the units that can work on the case or pass it on.
func (p *Pages) receivers(v *visit, f *file) []option {
	return p.units(v, f, permProcess, permTransfer)
}

// transferAgain recognises a hand-over that came a second time, by a second
// click: the first one ended the person's access, and the key proves whose it
// was. To everybody else the case does not exist.
func (p *Pages) transferAgain(h func(*visit, *file) error) func(*visit) error {
	return func(v *visit) error {
		f, err := p.open(v)
		if errors.Is(err, web.ErrNotFound) {
			po, bad := v.postedForm()
			if bad != nil {
				return err
			}
			gone := &file{Application: antrag.Application{ID: v.PathValue("id")}}
			done, lookErr := p.Applications.Transferred(v.Context(), gone.ID, po.id(v, gone, "transfer"))
			if lookErr != nil || !done {
				return errors.Join(err, lookErr)
			}
			v.Flash("success", "desk.transfer.done")
			return v.Redirect("/amt/eingang")
		}
		if err != nil {
			return err
		}
		if !v.may.allowed(permTransfer, f.obj) {
			return f.refuse()
		}
		return known(h(v, f))
	}
}

func (p *Pages) transfer(v *visit, f *file) error {
	po, err := v.postedForm()
	if err != nil {
		return err
	}
	c := &check{v: v}
	t := antrag.Transfer{ID: po.id(v, f, "transfer"), To: po.values.Get("stelle"), Reason: antrag.TransferReason(po.values.Get("warum")), Note: po.text("hinweis")}
	// When the case moved on since the form was shown, that is a conflict and
	// no wrong choice.
	if f.Version == po.version && !slices.ContainsFunc(p.receivers(v, f), func(o option) bool { return o.Value == t.To }) {
		c.add("stelle", "desk.error.required.stelle")
	}
	if !slices.Contains(antrag.TransferReasons(), t.Reason) {
		c.add("warum", "desk.error.required.warum")
	}
	c.text("hinweis", t.Note, t.Reason == antrag.TransferOther, maxBody)
	var stay *antrag.Stay
	if f.full && po.values.Get("bleiben") == "ja" {
		stay = &antrag.Stay{ID: po.id(v, f, "stay"), Reason: antrag.InvolveOther, Note: po.text("bleibgrund")}
		c.text("bleibgrund", stay.Note, true, maxBody)
	}
	if len(c.errs) > 0 {
		return p.showTransfer(v, f, &po, c)
	}
	_, err = p.Applications.HandOver(v.Context(), p.actor(v), f.ID, po.version, t, stay)
	if errors.Is(err, antrag.ErrConflict) || errors.Is(err, antrag.ErrClosed) || c.part(err) {
		return p.lost(v, f, po, t, c)
	}
	if err != nil {
		return err
	}
	v.Flash("success", "desk.transfer.done")
	if _, err := p.open(v); err == nil {
		return v.Redirect(casePath(f.ID))
	}
	return v.Redirect("/amt/eingang")
}

// lost answers a hand-over that was not done: the rules refused it, or
// somebody else was faster.
func (p *Pages) lost(v *visit, f *file, po posted, t antrag.Transfer, c *check) error {
	if len(c.errs) > 0 {
		return p.showTransfer(v, f, &po, c)
	}
	done, err := p.Applications.Transferred(v.Context(), f.ID, t.ID)
	if err != nil {
		return err
	}
	if done {
		v.Flash("success", "desk.transfer.done")
		return v.Redirect("/amt/eingang")
	}
	if _, err := p.open(v); errors.Is(err, web.ErrNotFound) {
		return p.tooLate(v, f, po)
	}
	return p.finish(v, f, po, antrag.ErrConflict, "", nil)
}

// tooLate is the page of a conflict for somebody who lost the case in it: what
// was typed, and nothing of what happened since.
func (p *Pages) tooLate(v *visit, f *file, po posted) error {
	d := conflictData{Head: head{Reference: f.Reference, URL: "/amt/eingang"}, Gone: true}
	for _, name := range []string{"antwort", "hinweis", "bleibgrund"} {
		if s := po.text(name); s != "" {
			d.Typed = append(d.Typed, pair{v.T("desk.field." + name), s})
		}
	}
	return v.Render("desk/conflict", web.View{Title: v.T("desk.conflict.title"), Status: http.StatusConflict, Data: d, Noindex: true})
}
