package desk

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/stadttor/stadttor/examples/portal/internal/antrag"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
)

// attach sets the header of a private file: it is saved, never shown inside
// the portal's origin.
func attach(v *visit, name, media string, size int64) {
	h := v.W.Header()
	if mt, _, err := mime.ParseMediaType(media); err != nil || mt == "" {
		media = "application/octet-stream"
	}
	h.Set("Content-Type", media)
	h.Set("Content-Disposition", disposition(name))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Cache-Control", "no-store")
	if size >= 0 {
		h.Set("Content-Length", strconv.FormatInt(size, 10))
	}
	v.W.WriteHeader(http.StatusOK)
}

// disposition follows RFC 6266: a name in ASCII for old programs and the real
// one in UTF-8.
func disposition(name string) string {
	plain := strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e || strings.ContainsRune(`"\%/`, r) {
			return '_'
		}
		return r
	}, name)
	var b strings.Builder
	for _, c := range []byte(name) {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~!#$&+^`|", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return `attachment; filename="` + plain + `"; filename*=UTF-8''` + b.String()
}

func (p *Pages) download(v *visit, f *file) error {
	up, err := p.Applications.FileIn(v.Context(), f.ID, v.PathValue("file"))
	if err != nil {
		return err
	}
	body, err := p.Applications.OpenFile(v.Context(), up)
	if err != nil {
		if errors.Is(err, antrag.ErrNotFound) {
			return &web.Error{Status: http.StatusGone, Code: "gone", Cause: err}
		}
		return err
	}
	defer body.Close()
	attach(v, up.Name, up.MediaType, up.Size)
	if _, err := io.Copy(v.W, body); err != nil {
		v.Core.Log.LogAttrs(v.Context(), slog.LevelWarn, "download broke off", slog.String("id", v.ID))
	}
	return nil
}

func (p *Pages) copyPDF(v *visit, f *file) error {
	if p.CopyPDF == nil {
		return web.ErrNotFound
	}
	body, err := p.CopyPDF(v.Context(), f.Application, web.German)
	if err != nil {
		return err
	}
	return p.send(v, "antrag-"+f.Reference+".pdf", "application/pdf", body)
}

func (p *Pages) payload(v *visit, f *file) error {
	return p.send(v, "daten-"+f.Reference+".json", "application/json", f.Payload)
}

func (p *Pages) send(v *visit, name, media string, body []byte) error {
	attach(v, name, media, int64(len(body)))
	if _, err := v.W.Write(body); err != nil {
		v.Core.Log.LogAttrs(v.Context(), slog.LevelDebug, "client went away", slog.String("id", v.ID))
	}
	return nil
}
