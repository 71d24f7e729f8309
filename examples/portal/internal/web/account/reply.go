package account

import (
	"errors"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/postkorb"
)

// answer replies to a question or a document request.
func (p *Pages) answer(r *web.Request) error {
	t, a, _, done, err := p.ownThread(r)
	if done {
		return err
	}
	if a.ID == "" {
		return web.ErrNotFound
	}
	in, err := p.readUpload(r, a.Owner, "dateien", maxFiles, func(v map[string]string) bool {
		return goodKey(v["schluessel"]) && v["frage"] != "" && textProblem(v["text"]) == "" && !a.Closed()
	})
	if err != nil {
		return err
	}
	f, errs, err := p.checkMessage(r, a.Owner, &in)
	if err != nil {
		return err
	}
	if len(errs) > 0 && a.Closed() {
		r.Flash("info", "account.case.closed") // the page has no form any more that could show what is wrong
		return r.Redirect("/postkorb/" + string(t.ID))
	}
	if len(errs) > 0 {
		ms, err := p.Reader.Messages(r.Context(), t.ID)
		if err != nil {
			return err
		}
		return p.showThread(r, t, a, ms, f, in.values["frage"], nil, errs)
	}
	err = p.once(r, a, &in, func() (postkorb.Message, error) {
		return p.Applications.Answer(r.Context(), a.Owner, a.ID, postkorb.MessageID(in.values["frage"]), in.values["text"], in.values["schluessel"], in.files)
	})
	var invalid *postkorb.InvalidError
	switch {
	case errors.Is(err, antrag.ErrClosed), errors.Is(err, postkorb.ErrClosed):
		r.Flash("info", "account.case.closed")
	case errors.As(err, &invalid):
		return web.ErrBadRequest // a question that is none; the text was checked
	case err != nil:
		return problem(err)
	default:
		r.Flash("success", "account.reply.done")
	}
	return r.Redirect("/postkorb/" + string(t.ID))
}

// provide takes the document for one line of a document request.
func (p *Pages) provide(r *web.Request) error {
	t, a, _, done, err := p.ownThread(r)
	if done {
		return err
	}
	slot, msg, err := p.slot(r, t, a)
	if err != nil {
		return err
	}
	field := "datei-" + slot.ID
	in, err := p.readUpload(r, a.Owner, field, 1, func(map[string]string) bool { return !a.Closed() && slot.State != postkorb.SlotAccepted })
	if err != nil {
		return err
	}
	back := "/postkorb/" + string(t.ID)
	switch {
	case a.Closed():
		r.Flash("info", "account.case.closed")
		return r.Redirect(back)
	case slot.State == postkorb.SlotAccepted:
		r.Flash("info", "account.slot.accepted", "label", slot.Label)
		return r.Redirect(back)
	case in.fileError != "" || len(in.files) == 0:
		key := "account.error." + in.fileError
		if in.fileError == "" {
			key = "account.error.file_missing"
		}
		text := r.T(key, "n", 1)
		ms, err := p.Reader.Messages(r.Context(), t.ID)
		if err = errors.Join(err, p.discard(r.Context(), a.Owner, in.files)); err != nil {
			return err
		}
		return p.showThread(r, t, a, ms, newForm(), "", map[string]string{slot.ID: text}, []web.FieldError{{Field: field, Text: slot.Label + ": " + text}})
	}
	if err := p.fill(r, a, msg, slot.ID, in.files[0]); err != nil {
		var step *postkorb.SlotError
		if !errors.As(err, &step) && !errors.Is(err, antrag.ErrClosed) && !errors.Is(err, postkorb.ErrClosed) {
			return problem(err)
		}
		r.Flash("info", "account.slot.accepted", "label", slot.Label)
		return r.Redirect(back)
	}
	r.Flash("success", "account.slot.done", "label", slot.Label)
	return r.Redirect(back)
}

// slot finds the line of the request that the address names.
func (p *Pages) slot(r *web.Request, t postkorb.Thread, a antrag.Application) (postkorb.Slot, postkorb.MessageID, error) {
	m, err := p.Reader.Message(r.Context(), postkorb.MessageID(r.PathValue("message")))
	if err != nil {
		return postkorb.Slot{}, "", problem(err)
	}
	if m.Thread != t.ID || a.ID == "" {
		return postkorb.Slot{}, "", web.ErrNotFound
	}
	for _, s := range m.Slots {
		if s.ID == r.PathValue("slot") {
			return s, m.ID, nil
		}
	}
	return postkorb.Slot{}, "", web.ErrNotFound
}

// fill puts the document into its place. The same document once more, from a
// second click, changes nothing.
func (p *Pages) fill(r *web.Request, a antrag.Application, msg postkorb.MessageID, slot string, f antrag.File) error {
	err := p.Applications.Provide(r.Context(), a.Owner, a.ID, msg, slot, f)
	if errors.Is(err, antrag.ErrTwice) {
		return p.discard(r.Context(), a.Owner, []antrag.File{f})
	}
	if err != nil {
		return errors.Join(err, p.discard(r.Context(), a.Owner, []antrag.File{f}))
	}
	return nil
}
