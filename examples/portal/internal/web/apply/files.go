package apply

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/stadttor/stadttor/examples/portal/internal/web"
)

// download gives an own upload back. It is saved, never shown inside the
// portal's origin.
func (p *Pages) download(v *visit) error {
	f, err := p.Applications.FileOf(v.Context(), v.Session.Owner, v.PathValue("item"))
	if err != nil {
		return answerTo(err)
	}
	if f.Draft != v.draft.ID {
		return web.ErrNotFound
	}
	body, err := p.Applications.OpenFile(v.Context(), f)
	if err != nil {
		return answerTo(err)
	}
	defer body.Close()
	h := v.W.Header()
	h.Set("Content-Type", f.MediaType)
	h.Set("Content-Disposition", disposition(f.Name))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.FormatInt(f.Size, 10))
	v.W.WriteHeader(http.StatusOK)
	if _, err := io.Copy(v.W, body); err != nil {
		v.Core.Log.WarnContext(v.Context(), "download broke off", "id", v.ID)
	}
	return nil
}

// disposition follows RFC 6266: a name in ASCII for old programs and the real
// one in UTF-8.
func disposition(name string) string {
	plain := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || strings.ContainsRune(`"\%/`, r) {
			return '_'
		}
		return r
	}, name)
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return `attachment; filename="` + plain + `"; filename*=UTF-8''` + b.String()
}
