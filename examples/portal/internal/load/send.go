package load

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"net/url"
)

func multipartRequest(ctx context.Context, u *url.URL, values url.Values) (*http.Request, error) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, list := range values {
		for _, v := range list {
			if err := w.WriteField(name, v); err != nil {
				return nil, err
			}
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), &body)
	if err == nil {
		req.Header.Set("Content-Type", w.FormDataContentType())
	}
	return req, err
}
