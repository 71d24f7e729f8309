package apply

import (
	"slices"
	"strings"

	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/examples/portal/internal/copy"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
)

// pageState is what a page of questions shows beside the definition.
type pageState struct {
	answers  assistant.Answers
	problems []assistant.FieldError
	places   map[string]placeState
	conflict bool // another window changed the answers meanwhile
	back     bool // goes back to the check afterwards
}

// fieldView is one question: the part that draws it and its arguments.
type fieldView struct {
	Part  string
	Args  map[string]any
	Notes []string
	Place *placeState
	// Before is said in front of the question.
	Before, BeforeKind string
}

// page shows the questions of a step or of one item.
func (p *Pages) page(v *visit, t target, s pageState) error {
	st, number, total, ok := v.step(t.st.ID, s.answers)
	if !ok {
		return v.gone(t.st.ID)
	}
	s.back = s.back || v.URL.Query().Get("zurueck") == pageCheck
	answers := v.def.Prefill(s.answers, v.prefill, v.today)
	reported, asked := split(s.problems)
	if s.conflict {
		reported = nil
	}
	byField := map[string]string{}
	var errs []web.FieldError
	for _, e := range reported {
		text := sentence(v.Request, v.def, e)
		if s, searched := s.places[e.Field]; searched {
			text = placeSentence(v, st.Field(e.Field), s)
		}
		if byField[e.Field] == "" {
			byField[e.Field] = text
		}
		errs = append(errs, web.FieldError{Field: e.Field, Text: text})
	}
	d := map[string]any{
		"Action": v.path(st.ID, t.item), "Back": s.back, "State": v.state(t, v.draft.Answers), "Step": number, "Total": total,
		"Name": st.Title.In(v.lang()), "Lead": st.Lead.In(v.lang()), "Form": v.def.Title.In(v.lang()), "Conflict": s.conflict,
		"Reload": v.URL.Path, "New": v.URL.Query().Get("neu") != "" || len(asked) > 0, "Now": v.Now(), "Multipart": len(fileFields(st)) > 0,
		"Visitor": v.Session.Account == "", "Expires": v.draft.ExpiresAt,
	}
	heading := st.Title.In(v.lang())
	if t.fresh {
		d["Action"], d["Reload"] = v.path(st.ID, partNew), v.path(st.ID, partNew)
	}
	if st.Group != nil {
		heading = itemTitle(v, st, t)
		d["Lead"], d["Remove"] = "", ""
		if !t.fresh {
			d["Remove"] = v.path(st.ID, t.item, "entfernen")
		}
	}
	d["Heading"] = heading
	var fields []fieldView
	locked, shown := false, map[string]bool{}
	for _, q := range v.def.Questions(answers, st.ID, t.item, v.today) {
		if !q.Visible {
			continue
		}
		locked, shown[q.Field.ID] = locked || q.Locked, true
		fields = append(fields, p.field(v, q, byField[q.Field.ID], s.places))
	}
	for i := range errs {
		if !shown[errs[i].Field] { // of the whole list: nothing on this page to lead to
			errs[i].Field = ""
		}
	}
	d["Fields"], d["Locked"] = fields, locked
	view := web.View{Title: heading + " – " + v.def.Title.In(v.lang()), Noindex: true, Errors: errs, Data: d, Status: s.status(len(errs))}
	return v.Render("apply/step", view)
}

// itemTitle is "Hund 2".
func itemTitle(v *visit, st *assistant.Step, t target) string {
	n := len(v.draft.Answers.Groups[st.Group.ID]) + 1
	if !t.fresh {
		if _, at := v.draft.Answers.Item(st.Group.ID, t.item); at >= 0 {
			n = at + 1
		}
	}
	return st.Group.ItemTitle.In(v.lang()) + " " + itoa(n)
}

// field chooses the part that draws a question.
func (p *Pages) field(v *visit, q assistant.Question, problem string, places map[string]placeState) fieldView {
	f, l := q.Field, v.lang()
	hint := f.Help.In(l)
	if s := f.Purpose.In(l); s != "" {
		hint = strings.TrimSpace(hint + " " + s)
	}
	args := map[string]any{"ID": f.ID, "Name": f.ID, "Label": f.Label.In(l), "Hint": hint, "Error": problem,
		"Required": f.Required, "Value": q.Input(f.ID), "Autocomplete": f.Autocomplete, "Source": v.source(q)}
	out := fieldView{Part: "text", Args: args}
	for _, c := range q.Consequences {
		out.Notes = append(out.Notes, c.In(l))
	}
	if q.Locked {
		args["Name"], args["Readonly"], args["Autocomplete"], args["Hint"] = "", true, "", "" // hints are for typing
		args["Value"] = f.Display(q.Answer, l, p.place(v.Context()))
		return out
	}
	switch f.Type {
	case assistant.TypeTextarea:
		out.Part, args["Rows"], args["MaxLength"] = "textarea", 8, f.Limit()
	case assistant.TypeDate:
		out.Part, args["Birthday"] = "date", f.Autocomplete == "bday"
		args["Day"], args["Month"], args["Year"] = q.Input(f.ID+".day"), q.Input(f.ID+".month"), q.Input(f.ID+".year")
	case assistant.TypeYesNo:
		out.Part = "yesno"
	case assistant.TypeRadio:
		out.Part, args["Options"] = "radios", options(q, l)
	case assistant.TypeLookup:
		p.lookupField(v, q, &out)
	case assistant.TypeCheckboxes:
		out.Part, args["Options"] = "checkboxes", options(q, l)
	case assistant.TypeSelect:
		out.Part, args["Options"] = "select", options(q, l)
	case assistant.TypeConsent:
		out.Part, args["Checked"], args["Text"], args["Value"] = "consent", q.Chosen("yes"), hint, "yes"
	case assistant.TypeFile:
		out.Part = "file"
		fileArgs(v, q, args, hint)
	case assistant.TypePlace:
		p.placeField(v, q, &out, places)
	default:
		textArgs(f, args)
	}
	return out
}

func options(q assistant.Question, l assistant.Lang) []map[string]any {
	var out []map[string]any
	for _, o := range q.Field.Options {
		out = append(out, map[string]any{"Value": o.Value, "Label": o.Label.In(l), "Hint": o.Help.In(l), "Checked": q.Chosen(o.Value)})
	}
	return out
}

// textArgs sets keyboard and width by the kind of text.
func textArgs(f *assistant.Field, args map[string]any) {
	set := func(typ, mode string, width int) {
		args["Type"], args["InputMode"], args["Width"] = typ, mode, width
	}
	switch f.Type {
	case assistant.TypeEmail:
		set("email", "email", 30)
	case assistant.TypePhone:
		set("tel", "tel", 20)
	case assistant.TypePostcode:
		set("text", "numeric", 5)
	case assistant.TypeNumber, assistant.TypeMoney:
		set("text", "decimal", 10)
	case assistant.TypeIBAN:
		set("text", "", 30)
	}
}

func fileArgs(v *visit, q assistant.Question, args map[string]any, hint string) {
	f := q.Field
	if !strings.Contains(hint, " MB") { // else the definition says it in its own words
		key := "apply.file.hint"
		if f.FileCount() > 1 {
			key = "apply.file.hint.many"
		}
		hint = strings.TrimSpace(hint + " " + v.T(key, "types", typeNames(f.FileTypes()), "max", wholeSize(v.Lang, f.FileBytes()), "n", f.FileCount()))
	}
	args["Hint"], args["Value"] = hint, ""
	args["Accept"], args["MaxBytes"], args["RemoveName"] = strings.Join(f.FileTypes(), ","), f.FileBytes(), inputRemove
	left := f.FileCount() - len(q.Answer.Files)
	args["Multiple"] = left > 1
	var files []map[string]any
	for _, file := range q.Answer.Files {
		files = append(files, map[string]any{"Name": file.Name, "Meta": typeNames([]string{file.MediaType}) + ", " + web.FormatSize(v.Lang, file.Size),
			"RemoveValue": file.ID, "URL": v.path(partFile, file.ID)})
	}
	args["Files"] = files
}

// wholeSize writes 10 MB, not 10,0 MB.
func wholeSize(lang string, n int64) string {
	return strings.NewReplacer(",0 MB", " MB", ".0 MB", " MB").Replace(web.FormatSize(lang, n))
}

func typeNames(types []string) string {
	names := map[string]string{"application/pdf": "PDF", "image/jpeg": "JPEG", "image/png": "PNG", "image/heic": "HEIC", "image/heif": "HEIF",
		"image/webp": "WebP", "image/tiff": "TIFF", "text/plain": "TXT", "application/vnd.oasis.opendocument.text": "ODT",
		"application/vnd.openxmlformats-officedocument.wordprocessingml.document": "DOCX"}
	var out []string
	for _, t := range types {
		if n, ok := names[t]; ok && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return strings.Join(out, ", ")
}

// source says where a prefilled value came from.
func (v *visit) source(q assistant.Question) string {
	o := q.Answer.Origin
	if o.Source == "" || o.Source == assistant.Typed || q.Answer.IsEmpty() {
		return ""
	}
	if o.Source == assistant.BundID && q.Field.Prefill != nil {
		if means, ok := v.means[q.Field.Prefill.BundID]; ok && v.Core.Texts.Has("means."+means) && means != "" {
			key := "apply.source.bundid"
			if q.Locked {
				key = "apply.source.verified"
			}
			return v.T(key, "means", v.T("means."+means))
		}
	}
	return copy.SourceText(v.T, o)
}

// removeFile takes a file out of the answers of one page.
func (v *visit) removeFile(a assistant.Answers, t target, id string) (assistant.Answers, bool) {
	if id == "" {
		return a, false
	}
	for _, q := range v.def.Questions(a, t.st.ID, t.item, v.today) {
		for _, f := range q.Answer.Files {
			if f.ID == id {
				return v.def.RemoveFile(a, assistant.FilePlace{Step: t.st.ID, Item: t.item, Field: q.Field.ID}, id, v.today), true
			}
		}
	}
	return a, false
}
