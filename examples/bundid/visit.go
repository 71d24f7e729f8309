package main

import (
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"

	"github.com/stadttor/stadttor/bundid"
)

var (
	action = regexp.MustCompile(`<form[^>]* action="([^"]*)"`)
	input  = regexp.MustCompile(`<input[^>]* name="([^"]*)" value="([^"]*)"`)
	tag    = regexp.MustCompile(`<[^>]*>`)
)

// visit plays the browser of Meike Harms, who logs in with her identity card.
func visit(ctx context.Context, out io.Writer, s *service) error {
	if err := s.sim.SignInAs("meike-harms", bundid.MeansEID); err != nil {
		return err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	browser := &http.Client{Jar: jar}
	text, err := open(ctx, browser, http.MethodGet, s.url, nil)
	for range 2 { // to the account, and back with its answer
		if err != nil {
			return err
		}
		to := action.FindStringSubmatch(text)
		if to == nil {
			return fmt.Errorf("bundid: a page without a form: %s", tag.ReplaceAllString(text, " "))
		}
		form := url.Values{}
		for _, m := range input.FindAllStringSubmatch(text, -1) {
			form.Set(html.UnescapeString(m[1]), html.UnescapeString(m[2]))
		}
		text, err = open(ctx, browser, http.MethodPost, html.UnescapeString(to[1]), form)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(out, strings.Join(strings.Fields(tag.ReplaceAllString(text, " ")), " "))
	return nil
}

func open(ctx context.Context, browser *http.Client, method, address string, form url.Values) (string, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := browser.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("bundid: %s: status %d", req.URL.Path, res.StatusCode)
	}
	return string(raw), err
}
