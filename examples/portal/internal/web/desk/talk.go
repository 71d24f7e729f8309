package desk

import (
	"errors"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
	"github.com/stadttor/stadttor/postkorb"
)

// ended answers a form that a closed case no longer takes.
func (p *Pages) ended(v *visit, f *file) error {
	return p.finish(v, f, posted{}, antrag.ErrClosed, "", nil)
}

func (p *Pages) askForm(v *visit, f *file) error {
	if f.Closed() {
		return p.ended(v, f)
	}
	return p.showAsk(v, f, nil, nil)
}

func (p *Pages) showAsk(v *visit, f *file, po *posted, c *check) error {
	return p.showForm(v, f, "ask", po, c, func(values url.Values, c *check) form {
		return form{Fields: []map[string]any{textField(v, values, c, "betreff", true), areaField(v, values, c, "text", true), dayField(v, values, c, "frist", false)}}
	})
}

func (p *Pages) ask(v *visit, f *file) error {
	po, err := v.postedForm()
	if err != nil {
		return err
	}
	c := &check{v: v}
	c.text("betreff", po.text("betreff"), true, maxSubject)
	c.text("text", po.text("text"), true, maxBody)
	due := c.day(p, po, "frist", false)
	if len(c.errs) > 0 {
		return p.showAsk(v, f, &po, c)
	}
	key := po.messageKey(v, f, "ask")
	_, err = p.Applications.Ask(v.Context(), p.actor(v), f.ID, po.version, po.text("betreff"), po.text("text"), due, key)
	if c.invalid(err, "text") {
		return p.showAsk(v, f, &po, c)
	}
	return p.finish(v, f, po, err, "desk.ask.done", p.sent(v, f, key))
}

func (p *Pages) requestForm(v *visit, f *file) error {
	if f.Closed() {
		return p.ended(v, f)
	}
	return p.showRequest(v, f, nil, nil)
}

func (p *Pages) showRequest(v *visit, f *file, po *posted, c *check) error {
	return p.showForm(v, f, "request", po, c, func(values url.Values, c *check) form {
		return form{Fields: []map[string]any{textField(v, values, c, "betreff", true), areaField(v, values, c, "unterlagen", true),
			areaField(v, values, c, "text", false), dayField(v, values, c, "frist", false)}}
	})
}

func (p *Pages) request(v *visit, f *file) error {
	po, err := v.postedForm()
	if err != nil {
		return err
	}
	c := &check{v: v}
	c.text("betreff", po.text("betreff"), true, maxSubject)
	c.text("unterlagen", po.text("unterlagen"), true, maxBody)
	c.text("text", po.text("text"), false, maxBody)
	labels := lines(po.text("unterlagen"))
	if c.of("unterlagen") == "" {
		if len(labels) > maxSlots {
			c.add("unterlagen", "desk.error.slots", "n", maxSlots)
		} else if slices.ContainsFunc(labels, func(l string) bool { return utf8.RuneCountInString(l) > maxSubject }) {
			c.add("unterlagen", "desk.error.line", "n", maxSubject)
		}
	}
	due := c.day(p, po, "frist", false)
	if len(c.errs) > 0 {
		return p.showRequest(v, f, &po, c)
	}
	key := po.messageKey(v, f, "request")
	_, err = p.Applications.Request(v.Context(), p.actor(v), f.ID, po.version, po.text("betreff"), po.text("text"), labels, due, key)
	if c.invalid(err, "unterlagen") {
		return p.showRequest(v, f, &po, c)
	}
	return p.finish(v, f, po, err, "desk.request.done", p.sent(v, f, key))
}

// slotOf finds the slot that the address names.
func (p *Pages) slotOf(v *visit, f *file) (postkorb.Message, postkorb.Slot, error) {
	m, err := p.messageIn(v, f, v.PathValue("nachricht"))
	if err != nil {
		return m, postkorb.Slot{}, err
	}
	i := slices.IndexFunc(m.Slots, func(s postkorb.Slot) bool { return s.ID == v.PathValue("feld") })
	if i < 0 {
		return m, postkorb.Slot{}, postkorb.ErrNotFound
	}
	return m, m.Slots[i], nil
}

func (p *Pages) reviewForm(v *visit, f *file) error { return p.showReview(v, f, nil, nil) }

func (p *Pages) showReview(v *visit, f *file, po *posted, c *check) error {
	m, slot, err := p.slotOf(v, f)
	if err != nil {
		return err
	}
	return p.showForm(v, f, "review", po, c, func(values url.Values, c *check) form {
		view := p.messageView(v, f, m)
		view.Body, view.Files = "", nil
		view.Slots = slices.DeleteFunc(view.Slots, func(s slotRow) bool { return s.Label != slot.Label })
		for i := range view.Slots {
			view.Slots[i].ReviewURL = ""
		}
		options := []option{{Value: "ja", Label: v.T("desk.review.accept")}, {Value: "nein", Label: v.T("desk.review.reject")}}
		return form{Quote: &view, Fields: []map[string]any{choiceField(v, values, c, "radios", "urteil", options), areaField(v, values, c, "grund", false)}}
	})
}

func (p *Pages) review(v *visit, f *file) error {
	po, err := v.postedForm()
	if err != nil {
		return err
	}
	m, slot, err := p.slotOf(v, f)
	if err != nil {
		return err
	}
	c := &check{v: v}
	verdict := po.values.Get("urteil")
	if verdict != "ja" && verdict != "nein" {
		c.add("urteil", "desk.error.choice")
	}
	c.text("grund", po.text("grund"), verdict == "nein", 1000)
	if len(c.errs) > 0 {
		return p.showReview(v, f, &po, c)
	}
	accept, reason := verdict == "ja", po.text("grund")
	if accept {
		reason = ""
	}
	want := postkorb.SlotRejected
	if accept {
		want = postkorb.SlotAccepted
	}
	if slot.State == want { // a second click
		return p.finish(v, f, po, nil, "desk.review.done", nil)
	}
	_, err = p.Applications.Review(v.Context(), p.actor(v), f.ID, m.ID, slot.ID, accept, reason)
	if c.invalid(err, "grund") {
		return p.showReview(v, f, &po, c)
	}
	return p.finish(v, f, po, err, "desk.review.done", func(antrag.Application) (bool, error) {
		_, now, err := p.slotOf(v, f)
		return now.State == want, err
	})
}

// maxFile is the largest document that the staff may send.
const maxFile = 50 << 20

func fileField(v *visit, c *check) map[string]any {
	return map[string]any{"Part": "file", "ID": "datei", "Name": "datei", "Label": v.T("desk.field.datei"), "Hint": v.T("desk.field.datei.hint"),
		"Accept": "application/pdf,.pdf", "MaxBytes": maxFile, "Error": c.of("datei")}
}

func (p *Pages) informForm(v *visit, f *file) error { return p.showInform(v, f, nil, nil) }

func (p *Pages) showInform(v *visit, f *file, po *posted, c *check) error {
	return p.showForm(v, f, "inform", po, c, func(values url.Values, c *check) form {
		return form{Multipart: true, Fields: []map[string]any{textField(v, values, c, "betreff", true), areaField(v, values, c, "text", true), fileField(v, c)}}
	})
}

func (p *Pages) inform(v *visit, f *file) error {
	c := &check{v: v}
	po, files, err := p.postedFile(v, c)
	if err != nil {
		return err
	}
	c.text("betreff", po.text("betreff"), true, maxSubject)
	c.text("text", po.text("text"), true, maxBody)
	if len(c.errs) > 0 {
		return errors.Join(p.drop(v, files), p.showInform(v, f, &po, c))
	}
	key := po.messageKey(v, f, "inform")
	_, err = p.Applications.Inform(v.Context(), p.actor(v), f.ID, po.version, po.text("betreff"), po.text("text"), key, files)
	return p.afterFile(v, f, po, c, files, err, key, "desk.inform.done", p.showInform)
}

// outcomes are the results that a case can have, by the kind of its service.
func (p *Pages) outcomes(f *file) []postkorb.Status {
	def, _, err := p.Applications.AnswersOf(f.Application)
	if err == nil {
		switch def.Outcome {
		case assistant.Certificate:
			return []postkorb.Status{postkorb.StatusDone}
		case assistant.Notification:
			return []postkorb.Status{postkorb.StatusConfirmed}
		}
	}
	return []postkorb.Status{postkorb.StatusGranted, postkorb.StatusPartly, postkorb.StatusRefused}
}

func (p *Pages) decideForm(v *visit, f *file) error {
	if f.Closed() {
		return p.ended(v, f)
	}
	return p.showDecide(v, f, nil, nil)
}

func (p *Pages) showDecide(v *visit, f *file, po *posted, c *check) error {
	return p.showForm(v, f, "decide", po, c, func(values url.Values, c *check) form {
		d := form{Multipart: true}
		results := p.outcomes(f)
		var options []option
		for _, s := range results {
			options = append(options, option{Value: string(s), Label: v.T("desk.status." + string(s)), Checked: len(results) == 1})
		}
		d.Fields = []map[string]any{choiceField(v, values, c, "radios", "ergebnis", options), textField(v, values, c, "betreff", true),
			areaField(v, values, c, "text", true), fileField(v, c)}
		return d
	})
}

func (p *Pages) decide(v *visit, f *file) error {
	c := &check{v: v}
	po, files, err := p.postedFile(v, c)
	if err != nil {
		return err
	}
	to := postkorb.Status(po.values.Get("ergebnis"))
	if !slices.Contains(p.outcomes(f), to) {
		c.add("ergebnis", "desk.error.choice")
	}
	c.text("betreff", po.text("betreff"), true, maxSubject)
	c.text("text", po.text("text"), true, maxBody)
	if len(c.errs) > 0 {
		return errors.Join(p.drop(v, files), p.showDecide(v, f, &po, c))
	}
	key := po.messageKey(v, f, "decide")
	_, err = p.Applications.Decide(v.Context(), p.actor(v), f.ID, po.version, to, po.text("betreff"), po.text("text"), key, files)
	return p.afterFile(v, f, po, c, files, err, key, "desk.decide.done", p.showDecide)
}

// afterFile ends an action that brought a document: when it did not succeed,
// the document goes again.
func (p *Pages) afterFile(v *visit, f *file, po posted, c *check, files []antrag.File, err error, key, flash string, again func(*visit, *file, *posted, *check) error) error {
	if err != nil {
		if dropErr := p.drop(v, files); dropErr != nil {
			return errors.Join(err, dropErr)
		}
	}
	if c.invalid(err, "text") {
		return again(v, f, &po, c)
	}
	return p.finish(v, f, po, err, flash, p.sent(v, f, key))
}

// drop removes documents that were uploaded for nothing.
func (p *Pages) drop(v *visit, files []antrag.File) error {
	for _, up := range files {
		if err := p.Applications.DeleteFile(v.Context(), up.Owner, "", up.ID); err != nil {
			return err
		}
	}
	return nil
}

// postedFile reads a form with at most one document, which goes straight into
// the storage. What is wrong with the document is noted in c.
func (p *Pages) postedFile(v *visit, c *check) (posted, []antrag.File, error) {
	// Twice the largest document is read, so that one which is a little too
	// big gets a sentence at its field instead of a broken connection.
	v.Body = http.MaxBytesReader(v.W, v.Body, 2*maxFile)
	r, err := v.MultipartReader()
	if err != nil {
		po, err := v.postedForm()
		return po, nil, err
	}
	values := url.Values{}
	var files []antrag.File
	err = p.readParts(v, c, r, values, &files)
	var po posted
	if err == nil {
		po, err = v.posted(values)
	}
	if err != nil {
		return posted{}, nil, errors.Join(err, p.drop(v, files))
	}
	return po, files, nil
}

func (p *Pages) readParts(v *visit, c *check, r *multipart.Reader, values url.Values, files *[]antrag.File) error {
	for n := 0; ; n++ {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if n > 30 {
			return web.ErrBadRequest
		}
		if err != nil {
			return broken(err)
		}
		if part.FormName() == "datei" {
			if part.FileName() == "" || len(*files) > 0 {
				continue
			}
			up, err := p.Applications.Upload(v.Context(), antrag.StaffOwner(v.person()), "", "", part.FileName(), []string{"application/pdf"}, maxFile, part)
			var refused *antrag.UploadError
			switch {
			case errors.As(err, &refused):
				c.add("datei", "desk.error."+string(refused.Reason))
			case err != nil:
				return broken(err)
			default:
				*files = append(*files, up)
			}
			continue
		}
		raw, err := io.ReadAll(io.LimitReader(part, 256<<10+1))
		if err != nil {
			return broken(err)
		}
		if len(raw) > 256<<10 {
			return web.ErrTooLarge
		}
		if s := string(raw); !utf8.ValidString(s) || strings.ContainsRune(s, 0) || !utf8.ValidString(part.FormName()) {
			return web.ErrCharacters
		}
		values.Add(part.FormName(), string(raw))
	}
}

// broken tells a form that is too large or cut off from a storage that fails.
func broken(err error) error {
	var big *http.MaxBytesError
	var storage *fs.PathError
	switch {
	case errors.As(err, &big):
		return web.ErrTooLarge
	case errors.As(err, &storage):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), strings.HasPrefix(err.Error(), "multipart:"), strings.HasPrefix(err.Error(), "mime:"),
		strings.HasPrefix(err.Error(), "malformed"):
		return web.ErrBadRequest
	}
	return err
}
