package antrag

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"
	"unicode"

	"github.com/gabriel-vasile/mimetype"
	"github.com/uptrace/bun"
	"golang.org/x/text/unicode/norm"

	"github.com/stadttor/stadttor/examples/portal/internal/blob"
)

// File is an upload; its bytes are in the blob storage.
type File struct {
	bun.BaseModel `bun:"table:portal_files"`
	ID            string    `bun:"id,pk"`
	Owner         string    `bun:"owner"`
	Draft         string    `bun:"draft"`
	Application   string    `bun:"application"`
	Name          string    `bun:"name"`
	MediaType     string    `bun:"media_type"`
	Size          int64     `bun:"size"`
	SHA256        string    `bun:"sha256"`
	Blob          string    `bun:"blob"`
	CreatedAt     time.Time `bun:"created_at"`
}

// UploadReason says why a file was not taken.
type UploadReason string

// The reasons why a file is not taken.
const (
	UploadTooBig UploadReason = "file_too_big"
	UploadType   UploadReason = "file_type"
	UploadEmpty  UploadReason = "file_empty"
	UploadName   UploadReason = "file_name"
)

// UploadError says why a file was not taken.
type UploadError struct{ Reason UploadReason }

// Error implements error.
func (e *UploadError) Error() string { return "antrag: upload refused: " + string(e.Reason) }

// allowed pairs what the bytes are with the endings that may name it.
var allowed = map[string][]string{
	"application/pdf": {".pdf"},
	"image/jpeg":      {".jpg", ".jpeg", ".jpe"},
	"image/png":       {".png"},
	"image/heic":      {".heic", ".heif"},
	"image/heif":      {".heic", ".heif"},
	"image/webp":      {".webp"},
	"image/tiff":      {".tif", ".tiff"},
	"application/vnd.oasis.opendocument.text":                                 {".odt"},
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document": {".docx"},
	"text/plain": {".txt"},
}

// MediaTypes lists what may be uploaded where a question names nothing narrower.
func MediaTypes() []string {
	return []string{"application/pdf", "image/jpeg", "image/png", "image/heic", "image/heif", "image/webp", "image/tiff",
		"application/vnd.oasis.opendocument.text", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "text/plain"}
}

// CleanName makes a file name safe to keep and to show.
func CleanName(name string) string {
	name = norm.NFC.String(strings.ToValidUTF8(strings.ReplaceAll(name, "\\", "/"), ""))
	name = path.Base("/" + name)
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), strings.ContainsRune(`/\:*?"<>|`, r):
			return -1
		}
		return r
	}, name)
	name = strings.Trim(name, ". ")
	for len(name) > 200 {
		ext := path.Ext(name)
		if len(ext) > 20 {
			ext = ""
		}
		base := []rune(strings.TrimSuffix(name, ext))
		name = string(base[:len(base)-1]) + ext
	}
	return name
}

// Upload streams a file of at most limit bytes into the storage and notes it
// for a draft (draft set) or for a case (application set). What it is, its
// bytes decide; the name must fit. Errors: *UploadError.
func (s *Service) Upload(ctx context.Context, owner, draft, application, name string, types []string, limit int64, r io.Reader) (File, error) {
	name = CleanName(name)
	if name == "" {
		return File{}, &UploadError{UploadName}
	}
	head := make([]byte, 4096)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return File{}, err
	}
	if n == 0 {
		return File{}, &UploadError{UploadEmpty}
	}
	media := sniff(head[:n])
	if !fits(media, name, types) {
		return File{}, &UploadError{UploadType}
	}
	sum := sha256.New()
	count := &counter{left: limit}
	body := io.TeeReader(io.MultiReader(bytes.NewReader(head[:n]), r), io.MultiWriter(sum, count))
	f := File{ID: newID(), Owner: owner, Draft: draft, Application: application, Name: name, MediaType: media, Blob: blob.NewKey(), CreatedAt: s.now()}
	if err := s.Blobs.Put(ctx, f.Blob, body); err != nil {
		return File{}, err
	}
	f.Size, f.SHA256 = count.n, hex.EncodeToString(sum.Sum(nil))
	if _, err := s.DB.Write.NewInsert().Model(&f).Exec(ctx); err != nil {
		return File{}, errors.Join(err, s.Blobs.Delete(context.WithoutCancel(ctx), f.Blob))
	}
	return f, nil
}

func sniff(head []byte) string {
	for m := mimetype.Detect(head); m != nil; m = m.Parent() {
		media, _, _ := strings.Cut(m.String(), ";")
		if _, ok := allowed[media]; ok {
			return media
		}
		if media == "text/html" || media == "text/xml" || media == "image/svg+xml" {
			return media
		}
	}
	return "application/octet-stream"
}

func fits(media, name string, types []string) bool {
	endings, ok := allowed[media]
	if !ok {
		return false
	}
	if len(types) > 0 {
		found := false
		for _, t := range types {
			found = found || t == media
		}
		if !found {
			return false
		}
	}
	ext := strings.ToLower(path.Ext(name))
	for _, e := range endings {
		if e == ext {
			return true
		}
	}
	return false
}

type counter struct{ n, left int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	if c.n > c.left {
		return 0, &UploadError{UploadTooBig}
	}
	return len(p), nil
}

// FileOf returns an owner's file, or ErrNotFound.
func (s *Service) FileOf(ctx context.Context, owner, id string) (File, error) {
	return s.file(ctx, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("owner = ?", owner).Where("id = ?", id) })
}

// FileIn returns a file of a case; the caller has decided that the case may
// be seen.
func (s *Service) FileIn(ctx context.Context, application, id string) (File, error) {
	return s.file(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("application = ?", application).Where("id = ?", id)
	})
}

func (s *Service) file(ctx context.Context, where func(*bun.SelectQuery) *bun.SelectQuery) (File, error) {
	var f File
	err := s.DB.Read.NewSelect().Model(&f).Apply(where).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return File{}, ErrNotFound
	}
	return f, err
}

// Files lists the files of a case.
func (s *Service) Files(ctx context.Context, application string) ([]File, error) {
	var out []File
	err := s.DB.Read.NewSelect().Model(&out).Where("application = ?", application).Order("created_at", "id").Scan(ctx)
	return out, err
}

// DeleteFile removes a file of a draft that was not sent.
func (s *Service) DeleteFile(ctx context.Context, owner, draft, id string) error {
	f, err := s.FileOf(ctx, owner, id)
	if err != nil {
		return err
	}
	if f.Draft != draft || f.Application != "" {
		return ErrNotFound
	}
	res, err := s.DB.Write.NewDelete().Model((*File)(nil)).Where("id = ?", id).Where("owner = ?", owner).Where("application = ''").Exec(ctx)
	if err != nil {
		return err
	}
	if n, _ := res.RowsAffected(); n == 0 {
		return ErrNotFound // it was sent meanwhile: its bytes belong to the case
	}
	return s.Blobs.Delete(ctx, f.Blob)
}

// OpenFile reads the bytes of a file.
func (s *Service) OpenFile(ctx context.Context, f File) (io.ReadCloser, error) {
	r, err := s.Blobs.Open(ctx, f.Blob)
	if errors.Is(err, blob.ErrNotFound) {
		return nil, fmt.Errorf("antrag: the bytes of a file are missing: %w", ErrNotFound)
	}
	return r, err
}

// PurgeFiles removes uploads that belong to nothing: what was uploaded and
// never sent, more than a day ago.
func (s *Service) PurgeFiles(ctx context.Context) error {
	var lost []File
	err := s.DB.Read.NewSelect().Model(&lost).Where("application = ''").Where("created_at < ?", s.now().Add(-24*time.Hour)).
		Where("draft = '' OR draft NOT IN (?)", s.DB.Read.NewSelect().Model((*draftRow)(nil)).Column("id")).Limit(500).Scan(ctx)
	if err != nil {
		return err
	}
	for _, f := range lost {
		res, err := s.DB.Write.NewDelete().Model((*File)(nil)).Where("id = ?", f.ID).Where("application = ''").Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			continue // it was sent meanwhile
		}
		if err := s.Blobs.Delete(ctx, f.Blob); err != nil {
			return err
		}
	}
	return nil
}
