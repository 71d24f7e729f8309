package apply

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
)

func itoa[T int | int64](n T) string { return strconv.FormatInt(int64(n), 10) }

// target is one page of questions: a step, or one item of a group step. A new
// item has no id yet.
type target struct {
	st    *assistant.Step
	item  string
	fresh bool // an item that is not stored yet
}

// step finds a visible step; ok is false when it is not asked (any more).
func (v *visit) step(id string, a assistant.Answers) (st *assistant.Step, number, total int, ok bool) {
	tasks := v.def.Tasks(a, v.today)
	for _, t := range tasks {
		if t.Step.ID == id {
			return t.Step, t.Number, len(tasks) + 1, true
		}
	}
	return nil, 0, 0, false
}

// gone answers for a step that the definition does not have, or does not ask.
func (v *visit) gone(id string) error {
	if v.def.Step(id) == nil {
		return web.ErrNotFound
	}
	return v.Redirect(v.path())
}

func (p *Pages) getStep(v *visit) error {
	switch v.PathValue("step") {
	case pageCheck:
		return p.check(v)
	case pageElsewhere:
		return p.other(v)
	case pageSent, pageSend:
		return v.Redirect(v.path(pageCheck))
	}
	st, _, _, ok := v.step(v.PathValue("step"), v.draft.Answers)
	if !ok {
		return v.gone(v.PathValue("step"))
	}
	if st.Group != nil {
		return p.list(v, st, nil)
	}
	return p.page(v, target{st: st}, pageState{answers: v.draft.Answers})
}

func (p *Pages) getItem(v *visit) error {
	if v.PathValue("step") == partFile {
		return p.download(v)
	}
	t, err := v.item()
	if err != nil || t.st == nil {
		return err
	}
	if t.fresh && len(v.draft.Answers.Groups[t.st.Group.ID]) >= t.st.Group.Max {
		return v.Redirect(v.path(t.st.ID))
	}
	return p.page(v, t, pageState{answers: v.draft.Answers})
}

// item finds the item that the address names. A zero target means that the
// answer was given already.
func (v *visit) item() (target, error) {
	st, _, _, ok := v.step(v.PathValue("step"), v.draft.Answers)
	if !ok {
		return target{}, v.gone(v.PathValue("step"))
	}
	if st.Group == nil {
		return target{}, web.ErrNotFound
	}
	t := target{st: st, item: v.PathValue("item")}
	if t.item == partNew {
		t.item, t.fresh = "", true
		return t, nil
	}
	if _, at := v.draft.Answers.Item(st.Group.ID, t.item); at < 0 {
		return target{}, web.ErrNotFound
	}
	return t, nil
}

func (p *Pages) postStep(v *visit) error {
	switch v.PathValue("step") {
	case pageSend:
		return p.send(v)
	case pageCheck, pageSent, pageElsewhere:
		return v.Redirect(v.path(pageCheck))
	}
	st, _, _, ok := v.step(v.PathValue("step"), v.draft.Answers)
	if !ok {
		return v.gone(v.PathValue("step"))
	}
	if st.Group != nil {
		return p.leaveList(v, st)
	}
	return p.save(v, target{st: st})
}

func (p *Pages) postItem(v *visit) error {
	t, err := v.item()
	if err != nil || t.st == nil {
		return err
	}
	return p.save(v, t)
}

// state is a digest of the stored answers of a page: a form that was made
// before another window changed them is noticed by it.
func (v *visit) state(t target, a assistant.Answers) string {
	if t.fresh {
		return "neu-" + itoa(a.LastItem)
	}
	values := map[string]assistant.Answer{}
	from := a.Values
	if t.st.Group != nil {
		it, _ := a.Item(t.st.Group.ID, t.item)
		from = it.Values
	}
	for i := range t.st.Fields {
		if got, ok := from[t.st.Fields[i].ID]; ok && t.st.Fields[i].Type != assistant.TypeFile {
			got.Origin = assistant.Origin{}
			values[t.st.Fields[i].ID] = got
		}
	}
	raw, err := json.Marshal(values)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:6])
}

// save takes one posted page: the answers are kept in any case, then it goes
// on, or the page is shown again with what is wrong.
func (p *Pages) save(v *visit, t target) error {
	in, err := p.read(v, t.st)
	if err != nil {
		return err
	}
	back := in.Get(inputBack) == pageCheck
	if t.fresh {
		if v.twice(t, in) {
			p.forget(v, in.uploads)
			return v.Redirect(v.path(t.st.ID))
		}
	}
	before := v.draft.Answers
	after, st, problems, err := p.apply(v, &t, in)
	if err != nil {
		return err
	}
	if old := in.Get(inputState); old != "" && !t.fresh && old != v.state(t, before) && v.state(t, after) != v.state(t, before) {
		p.forget(v, in.uploads)
		return p.page(v, t, pageState{answers: after, places: st, conflict: true, back: back})
	}
	removed := in.Get(inputRemove)
	after, found := v.removeFile(after, t, removed)
	err = p.store(v, after)
	switch {
	case errors.Is(err, antrag.ErrConflict):
		if v.draft, err = p.Applications.Draft(v.Context(), v.Session.Owner, v.draft.ID); err != nil {
			return answerTo(err)
		}
		p.forget(v, in.uploads)
		return p.page(v, t, pageState{answers: after, places: st, conflict: true, back: back})
	case errors.Is(err, antrag.ErrSubmitted):
		return v.Redirect(v.path(pageSent))
	case err != nil:
		return answerTo(err)
	}
	if found {
		p.drop(v, removed)
	}
	return p.proceed(v, t, in, before, pageState{answers: v.draft.Answers, problems: problems, places: st, back: back})
}

// apply reads the form into the answers. A new item becomes one of the list
// with its answers in one go.
func (p *Pages) apply(v *visit, t *target, in *posted) (assistant.Answers, map[string]placeState, []assistant.FieldError, error) {
	a := v.draft.Answers
	if in.cut {
		_, errs := p.addFiles(v, a, t.st, t.item, in)
		return a, nil, errs, nil
	}
	form := in.values(t.st)
	places, err := p.findPlaces(v, t.st, in, form)
	if err != nil {
		return a, nil, nil, err
	}
	if t.fresh {
		var errs []assistant.FieldError
		if a, t.item, errs = v.def.NewItem(a, t.st.ID, v.today); len(errs) > 0 {
			p.forget(v, in.uploads)
			t.item = ""
			return v.draft.Answers, places, errs, nil
		}
	}
	a, errs := v.def.Apply(a, assistant.Input{Step: t.st.ID, Item: t.item, Form: form, Prefill: v.prefill, Lookups: p.lookups(v, t.st, in), Now: v.today})
	a, refused := p.addFiles(v, a, t.st, t.item, in)
	return a, places, merge(v, t, a, errs, refused), nil
}

// merge drops the message that a file is missing where a file was refused or
// has just come, and sorts nothing else.
func merge(v *visit, t *target, a assistant.Answers, errs, refused []assistant.FieldError) []assistant.FieldError {
	var out []assistant.FieldError
	for _, e := range errs {
		f := t.st.Field(e.Field)
		if f != nil && f.Type == assistant.TypeFile && e.Code == assistant.CodeRequired {
			has := slices.ContainsFunc(refused, func(r assistant.FieldError) bool { return r.Field == e.Field })
			for _, q := range v.def.Questions(a, t.st.ID, t.item, v.today) {
				has = has || (q.Field.ID == e.Field && len(q.Answer.Files) > 0)
			}
			if has {
				continue
			}
		}
		out = append(out, e)
	}
	return append(out, refused...)
}

// store writes the draft with the place that decides who is responsible.
func (p *Pages) store(v *visit, a assistant.Answers) error {
	d := v.draft
	d.Answers = a
	d.Area = p.area(v.Context(), v.def, a, d.Area, v.today)
	d, err := p.Applications.SaveDraft(v.Context(), d)
	if err == nil {
		v.draft = d
	}
	return err
}

// proceed decides which page follows a stored form.
func (p *Pages) proceed(v *visit, t target, in *posted, before assistant.Answers, s pageState) error {
	t.fresh = t.fresh && t.item == ""
	self := v.path(t.st.ID, t.item)
	if s.back {
		self += "?zurueck=" + pageCheck
	}
	open := func(u string) string { return withQuery(u, "neu", "1") }
	reported, asked := split(s.problems)
	switch action := in.Get(inputAction); {
	case action == actionBack && len(in.refused) == 0:
		return v.Redirect(p.before(v, t, s.back))
	case action == actionSave && len(in.refused) == 0:
		v.Flash("success", "apply.saved", "date", web.FormatDate(v.Lang, v.draft.ExpiresAt))
		return v.Redirect(self)
	case in.Get(inputRemove) != "":
		v.Flash("success", "apply.file.removed")
		return v.Redirect(self)
	case action == actionUpload && len(in.refused) == 0 && onlyUploads(in, s.problems):
		return v.Redirect(self)
	case len(reported) > 0:
		return p.page(v, t, s)
	case len(asked) > 0:
		return v.Redirect(open(self) + "#" + asked[0].Field)
	}
	v.noteConsequences(t, before)
	return p.next(v, t, s.back)
}

// onlyUploads reports whether the person wanted the files stored first; what
// else is missing is asked when going on.
func onlyUploads(in *posted, problems []assistant.FieldError) bool {
	return !slices.ContainsFunc(problems, func(e assistant.FieldError) bool {
		return e.Code == assistant.CodeFileTooBig || e.Code == assistant.CodeFileType || e.Code == assistant.CodeTooMany
	})
}

func split(errs []assistant.FieldError) (reported, asked []assistant.FieldError) {
	for _, e := range errs {
		if e.Fresh {
			asked = append(asked, e)
		} else {
			reported = append(reported, e)
		}
	}
	return reported, asked
}

func withQuery(address, key, value string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	q := u.Query()
	q.Set(key, value)
	u.RawQuery = q.Encode()
	return u.String()
}

// before is the address in front of a page.
func (p *Pages) before(v *visit, t target, back bool) string {
	switch {
	case back && (t.st.Group == nil || t.item != "" || t.fresh):
		return v.path(pageCheck)
	case t.st.Group != nil && (t.item != "" || t.fresh):
		return v.path(t.st.ID)
	}
	if step, ok := v.def.Prev(v.draft.Answers, t.st.ID, v.today); ok {
		return v.path(step)
	}
	return "/antrag/neu/" + url.PathEscape(v.def.ID)
}

// next goes on after a page that is complete.
func (p *Pages) next(v *visit, t target, back bool) error {
	away, err := p.elsewhere(v)
	if err != nil {
		return err
	}
	if away && slices.ContainsFunc(t.st.Fields, func(f assistant.Field) bool { return f.ID == v.def.MassgeblicherOrt }) {
		return v.Redirect(v.path(pageElsewhere))
	}
	if t.item != "" && !back {
		return v.Redirect(v.path(t.st.ID))
	}
	if back {
		step, open := v.def.FirstOpen(v.draft.Answers, v.today)
		if open && step != t.st.ID {
			return v.Redirect(v.path(step) + "?zurueck=" + pageCheck)
		}
		return v.Redirect(v.path(pageCheck))
	}
	if step, ok := v.def.Next(v.draft.Answers, t.st.ID, v.today); ok {
		return v.Redirect(v.path(step))
	}
	return v.Redirect(v.path(pageCheck))
}

// noteConsequences says on the next page what follows from an answer that was
// just given.
func (v *visit) noteConsequences(t target, before assistant.Answers) {
	was := map[string]bool{}
	for _, q := range v.def.Questions(before, t.st.ID, t.item, v.today) {
		for _, c := range q.Consequences {
			was[c.In(v.lang())] = true
		}
	}
	for _, q := range v.def.Questions(v.draft.Answers, t.st.ID, t.item, v.today) {
		for _, c := range q.Consequences {
			if s := c.In(v.lang()); !was[s] {
				v.Flash("info", "apply.consequence", "text", s)
			}
		}
	}
}

// status of a page that shows problems or a conflict.
func (s pageState) status(errs int) int {
	switch {
	case s.conflict:
		return http.StatusConflict
	case errs > 0:
		return http.StatusUnprocessableEntity
	}
	return http.StatusOK
}
