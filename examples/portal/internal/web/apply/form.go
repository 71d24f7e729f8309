package apply

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
)

// Names of the inputs that are no answers. None can be the id of a field:
// those have no hyphen in them.
const (
	inputAction = "schritt-aktion"
	inputRemove = "schritt-datei-entfernen"
	inputBack   = "schritt-zurueck"
	inputState  = "schritt-stand"
)

// Values of inputAction; none means go on.
const (
	actionSave   = "speichern"
	actionBack   = "zurueck"
	actionUpload = "hochladen"
)

const (
	maxText  = 1 << 20   // all text of one form
	maxFiles = 512 << 20 // all files of one form
)

// upload is a file that came with a form and lies in the storage.
type upload struct {
	field string
	file  antrag.File
}

// posted is one form as it came.
type posted struct {
	url.Values
	uploads []upload
	refused []assistant.FieldError
	cut     bool // what came after a file that was too big is missing
}

// fileFields are the fields of a step that take files.
func fileFields(st *assistant.Step) map[string]*assistant.Field {
	out := map[string]*assistant.Field{}
	for i := range st.Fields {
		if f := &st.Fields[i]; f.Type == assistant.TypeFile {
			out[f.ID] = f
		}
	}
	return out
}

// read takes the form of a step. Files go into the storage as they arrive,
// never through memory as a whole.
func (p *Pages) read(v *visit, st *assistant.Step) (*posted, error) {
	files := fileFields(st)
	if len(files) == 0 || !strings.HasPrefix(v.Header.Get("Content-Type"), "multipart/") {
		if err := v.RawForm(); err != nil {
			return nil, err
		}
		return &posted{Values: v.PostForm}, nil
	}
	limit := int64(maxText)
	for _, f := range files {
		limit += int64(f.FileCount()) * f.FileBytes()
	}
	v.Body = http.MaxBytesReader(v.W, v.Body, min(limit, maxText+maxFiles))
	parts, err := v.MultipartReader()
	if err != nil {
		return nil, web.ErrBadRequest
	}
	in := &posted{Values: url.Values{}}
	left := int64(maxText)
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return in, nil
		}
		if err == nil {
			err = p.part(v, st, files, in, part, &left)
		}
		if err != nil {
			return p.broken(v, in, err)
		}
	}
}

// broken decides what an error in the middle of a form means. When a single
// file was too big and the rest of the form is lost for it, the page can still
// say so at its field.
func (p *Pages) broken(v *visit, in *posted, err error) (*posted, error) {
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		for _, e := range in.refused {
			if e.Code == assistant.CodeFileTooBig {
				in.cut = true
				return in, nil
			}
		}
		err = web.ErrTooLarge
	}
	p.forget(v, in.uploads)
	var answer *web.Error
	if errors.As(err, &answer) || v.Context().Err() != nil {
		return nil, err
	}
	var uploadErr *antrag.UploadError
	if errors.As(err, &uploadErr) {
		return nil, err
	}
	return nil, &web.Error{Status: http.StatusBadRequest, Code: "bad-request", Cause: err}
}

func (p *Pages) part(v *visit, st *assistant.Step, files map[string]*assistant.Field, in *posted, part *multipart.Part, left *int64) error {
	defer part.Close()
	name := part.FormName()
	f, isFile := files[name]
	switch {
	case isFile && part.FileName() == "":
		return nil // no file was chosen
	case isFile:
		return p.receive(v, st, f, in, part)
	case part.FileName() != "" || name == "":
		return nil
	}
	raw, err := io.ReadAll(io.LimitReader(part, *left+1))
	if err != nil {
		return err
	}
	if *left -= int64(len(raw)) + int64(len(name)); *left < 0 {
		return web.ErrTooLarge
	}
	in.Values.Add(name, string(raw))
	return nil
}

func (p *Pages) receive(v *visit, st *assistant.Step, f *assistant.Field, in *posted, part *multipart.Part) error {
	refuse := func(code assistant.Code) {
		in.refused = append(in.refused, assistant.FieldError{Step: st.ID, Field: f.ID, Code: code,
			Params: map[string]string{"max": itoa(f.FileBytes()), "name": antrag.CleanName(part.FileName())}})
	}
	count := 0
	for _, u := range in.uploads {
		if u.field == f.ID {
			count++
		}
	}
	if count >= f.FileCount() {
		refuse(assistant.CodeTooMany)
		return nil
	}
	file, err := p.Applications.Upload(v.Context(), v.Session.Owner, v.draft.ID, "", part.FileName(), f.FileTypes(), f.FileBytes(), part)
	var refused *antrag.UploadError
	if errors.As(err, &refused) {
		refuse(assistant.Code(refused.Reason))
		return nil
	}
	if err != nil {
		return err
	}
	in.uploads = append(in.uploads, upload{f.ID, file})
	return nil
}

// forget removes uploads that no answer refers to.
func (p *Pages) forget(v *visit, list []upload) {
	for _, u := range list {
		p.drop(v, u.file.ID)
	}
}

func (p *Pages) drop(v *visit, id string) {
	err := p.Applications.DeleteFile(v.Context(), v.Session.Owner, v.draft.ID, id)
	if err != nil && !errors.Is(err, antrag.ErrNotFound) {
		// The file stays as an orphan until the draft ends with its files.
		v.Core.Log.WarnContext(v.Context(), "upload not removed", "id", v.ID)
	}
}

// values is the form as the engine wants it: the parts of a date are named
// with a dot there, and the inputs of the page itself are left out.
func (in *posted) values(st *assistant.Step) url.Values {
	out := url.Values{}
	for i := range st.Fields {
		f := &st.Fields[i]
		for _, key := range f.Keys() {
			name := key
			if f.Type == assistant.TypeDate {
				name = f.ID + "-" + strings.TrimPrefix(key, f.ID+".")
			}
			if got, ok := in.Values[name]; ok {
				out[key] = got
			}
		}
	}
	return out
}

// addFiles puts the uploads into the answers; those that are refused are
// removed from the storage.
func (p *Pages) addFiles(v *visit, a assistant.Answers, st *assistant.Step, item string, in *posted) (assistant.Answers, []assistant.FieldError) {
	errs := in.refused
	for i := range errs {
		errs[i].Item = item
	}
	for _, u := range in.uploads {
		var refused []assistant.FieldError
		a, refused = v.def.AddFile(a, assistant.FilePlace{Step: st.ID, Item: item, Field: u.field},
			assistant.File{ID: u.file.ID, MediaType: u.file.MediaType, Name: u.file.Name, SHA256: u.file.SHA256, Size: u.file.Size}, v.today)
		if len(refused) > 0 {
			p.drop(v, u.file.ID)
			errs = append(errs, refused...)
		}
	}
	return a, errs
}
