package account

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
)

const (
	maxFile  = 50 << 20 // one file
	maxFiles = 10       // with one message
	maxPart  = 64 << 10 // one field that is not a file
	maxText  = 5000     // characters of a message
)

// accept is the value of the accept attribute of file fields.
func accept() string {
	return strings.Join(antrag.MediaTypes(), ",") + ",.heic,.odt,.docx"
}

// newKey makes the key by which a form that is sent twice is recognised.
func newKey() string { return rand.Text() }

func goodKey(s string) bool {
	return len(s) == 26 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

// posted is a form with files, as far as it was read.
type posted struct {
	values    map[string]string
	files     []antrag.File
	fileError string // text key of what is wrong with a file
	tooLarge  bool
}

// discard removes files that did not become part of anything.
func (p *Pages) discard(ctx context.Context, owner string, files []antrag.File) error {
	var errs []error
	for _, f := range files {
		if err := p.Applications.DeleteFile(context.WithoutCancel(ctx), owner, "", f.ID); err != nil && !errors.Is(err, antrag.ErrNotFound) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// readUpload reads a form with up to n files without ever holding a file in
// memory. valid is asked before the first file is stored; the fields stand
// before the files in our forms.
func (p *Pages) readUpload(r *web.Request, owner, field string, n int, valid func(map[string]string) bool) (posted, error) {
	in := posted{values: map[string]string{}}
	r.Body = http.MaxBytesReader(r.W, r.Body, int64(n)*maxFile+(1<<20))
	mr, err := r.MultipartReader()
	if err != nil {
		return in, web.ErrBadRequest
	}
	for range 60 {
		part, err := mr.NextPart()
		if errors.Is(err, io.EOF) {
			return in, nil
		}
		if err == nil {
			err = p.readPart(r, owner, field, n, valid, part, &in)
		}
		if err != nil {
			return in, p.broken(r, owner, &in, err)
		}
	}
	return in, p.broken(r, owner, &in, web.ErrBadRequest)
}

// broken ends a form that cannot be read to its end. What is merely too large
// is told at the field.
func (p *Pages) broken(r *web.Request, owner string, in *posted, err error) error {
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		in.fileError, in.tooLarge = string(antrag.UploadTooBig), true
		return nil
	}
	if e := p.discard(r.Context(), owner, in.files); e != nil {
		return errors.Join(err, e)
	}
	var known *web.Error
	if errors.As(err, &known) {
		return err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, multipart.ErrMessageTooLarge) || strings.HasPrefix(err.Error(), "multipart: ") {
		return web.ErrBadRequest
	}
	return err
}

func (p *Pages) readPart(r *web.Request, owner, field string, n int, valid func(map[string]string) bool, part *multipart.Part, in *posted) error {
	defer part.Close()
	if part.FileName() == "" {
		raw, err := io.ReadAll(io.LimitReader(part, maxPart+1))
		if err != nil {
			return err
		}
		if len(raw) > maxPart {
			return web.ErrTooLarge
		}
		if part.FormName() != field { // an empty file field has no name either
			in.values[part.FormName()] = string(raw)
		}
		return nil
	}
	if part.FormName() != field || in.fileError != "" || !valid(in.values) {
		_, err := io.Copy(io.Discard, part)
		return err
	}
	if len(in.files) >= n {
		in.fileError = "too_many"
		return nil
	}
	f, err := p.Applications.Upload(r.Context(), owner, "", "", part.FileName(), nil, maxFile, part)
	var refused *antrag.UploadError
	if errors.As(err, &refused) {
		in.fileError = string(refused.Reason)
		_, err := io.Copy(io.Discard, part)
		return err
	}
	if err != nil {
		return err
	}
	in.files = append(in.files, f)
	return nil
}

// textProblem checks a message that people wrote; it returns a text key.
func textProblem(s string) string {
	switch {
	case strings.TrimSpace(s) == "":
		return "account.error.text.missing"
	case !utf8.ValidString(s) || strings.ContainsFunc(s, func(c rune) bool { return unicode.IsControl(c) && !strings.ContainsRune("\n\r\t", c) }):
		return "account.error.text.characters"
	case !limitText(s, maxText):
		return "account.error.text.long"
	}
	return ""
}

func cleanText(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) && !strings.ContainsRune("\n\r\t", c) {
			return -1
		}
		return c
	}, strings.ToValidUTF8(s, ""))
}
