package apply

import (
	"errors"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
)

// itemView is one entry of a list.
type itemView struct {
	ID, Anchor, Title, Change, Remove, Error string
	Rows                                     []map[string]any
}

// list shows the entries of a group step.
func (p *Pages) list(v *visit, st *assistant.Step, problems []assistant.FieldError) error {
	_, number, total, ok := v.step(st.ID, v.draft.Answers)
	if !ok {
		return v.gone(st.ID)
	}
	back := v.URL.Query().Get("zurueck") == pageCheck || v.PostForm.Get(inputBack) == pageCheck
	query := ""
	if back {
		query = "?zurueck=" + pageCheck
	}
	var items []itemView
	wrong := map[string]string{}
	var errs []web.FieldError
	for _, e := range problems {
		field := "liste"
		if e.Item != "" {
			field = "eintrag-" + e.Item
			if wrong[e.Item] != "" {
				continue // one line for each entry is enough here
			}
			_, at := v.draft.Answers.Item(st.Group.ID, e.Item)
			wrong[e.Item] = v.T("apply.error.item", "item", st.Group.ItemTitle.In(v.lang())+" "+itoa(at+1))
			errs = append(errs, web.FieldError{Field: field, Text: wrong[e.Item]})
			continue
		}
		errs = append(errs, web.FieldError{Field: field, Text: sentence(v.Request, v.def, e)})
	}
	for _, s := range v.def.Summary(v.draft.Answers, v.lang(), v.today, p.place(v.Context())) {
		if s.Step != st.ID || s.Item == "" {
			continue
		}
		it := itemView{ID: s.Item, Anchor: "eintrag-" + s.Item, Title: s.Title, Error: wrong[s.Item],
			Change: v.path(st.ID, s.Item) + query, Remove: v.path(st.ID, s.Item, "entfernen")}
		for _, row := range s.Items {
			if !row.Empty {
				it.Rows = append(it.Rows, map[string]any{"Label": row.Label, "Value": row.Value})
			}
		}
		items = append(items, it)
	}
	state := pageState{back: back}
	d := map[string]any{
		"Action": v.path(st.ID), "Back": back, "BackURL": p.before(v, target{st: st}, false), "Step": number, "Total": total,
		"Name": st.Title.In(v.lang()), "Lead": st.Lead.In(v.lang()), "Form": v.def.Title.In(v.lang()), "Items": items,
		"Item": st.Group.ItemTitle.In(v.lang()), "Max": st.Group.Max, "Full": len(items) >= st.Group.Max,
		"Add": v.path(st.ID, partNew), "Now": v.Now(), "Error": firstText(errs),
	}
	return v.Render("apply/list", web.View{Title: st.Title.In(v.lang()) + " – " + v.def.Title.In(v.lang()), Noindex: true,
		Errors: errs, Data: d, Status: state.status(len(errs))})
}

func firstText(errs []web.FieldError) string {
	for _, e := range errs {
		if e.Field == "liste" {
			return e.Text
		}
	}
	return ""
}

// leaveList goes on from the list when its entries are complete.
func (p *Pages) leaveList(v *visit, st *assistant.Step) error {
	if err := v.RawForm(); err != nil {
		return err
	}
	after, problems := v.def.Apply(v.draft.Answers, assistant.Input{Step: st.ID, Prefill: v.prefill, Now: v.today})
	if err := p.store(v, after); err != nil {
		return p.keepFailed(v, err, st.ID)
	}
	if v.PostForm.Get(inputAction) == actionSave {
		v.Flash("success", "apply.saved", "date", web.FormatDate(v.Lang, v.draft.ExpiresAt))
		return v.Redirect(v.path(st.ID))
	}
	if len(problems) > 0 {
		return p.list(v, st, problems)
	}
	return p.next(v, target{st: st}, v.PostForm.Get(inputBack) == pageCheck)
}

// keepFailed answers when answers could not be stored.
func (p *Pages) keepFailed(v *visit, err error, step string) error {
	switch {
	case errors.Is(err, antrag.ErrSubmitted):
		return v.Redirect(v.path(pageSent))
	case errors.Is(err, antrag.ErrConflict):
		v.Flash("warning", "apply.conflict.again")
		return v.Redirect(v.path(step))
	}
	return answerTo(err)
}

// remove takes away an entry of a list, or a file.
func (p *Pages) remove(v *visit) error {
	if v.PathValue("step") == partFile {
		return p.removeUpload(v)
	}
	t, err := v.item()
	if err != nil || t.st == nil {
		return err
	}
	if t.fresh {
		return web.ErrNotFound
	}
	it, at := v.draft.Answers.Item(t.st.Group.ID, t.item)
	title := t.st.Group.ItemTitle.In(v.lang()) + " " + itoa(at+1)
	if err := p.store(v, v.def.RemoveItem(v.draft.Answers, t.st.ID, t.item, v.today)); err != nil {
		return p.keepFailed(v, err, t.st.ID)
	}
	for _, a := range it.Values {
		for _, f := range a.Files {
			p.drop(v, f.ID)
		}
	}
	v.Flash("success", "apply.item.removed", "item", title)
	return v.Redirect(v.path(t.st.ID))
}

// removeUpload takes away one file, wherever the answers refer to it.
func (p *Pages) removeUpload(v *visit) error {
	id := v.PathValue("item")
	for _, t := range v.targets() {
		after, found := v.removeFile(v.draft.Answers, t, id)
		if !found {
			continue
		}
		if err := p.store(v, after); err != nil {
			return p.keepFailed(v, err, t.st.ID)
		}
		p.drop(v, id)
		v.Flash("success", "apply.file.removed")
		return v.Redirect(v.path(t.st.ID, t.item))
	}
	return web.ErrNotFound
}

// targets lists every page of questions of the draft.
func (v *visit) targets() []target {
	var out []target
	for _, s := range v.def.Tasks(v.draft.Answers, v.today) {
		if s.Step.Group == nil {
			out = append(out, target{st: s.Step})
			continue
		}
		for _, it := range v.draft.Answers.Groups[s.Step.Group.ID] {
			out = append(out, target{st: s.Step, item: it.ID})
		}
	}
	return out
}
