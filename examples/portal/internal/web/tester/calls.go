package tester

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/stadttor/stadttor/examples/portal/internal/calls"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
)

// maxReference is longer than every reference of a case.
const maxReference = 60

// call is one line of the list.
type call struct {
	calls.Call
	Took string // in milliseconds
	Good bool
}

func (p *Pages) outgoing(r *web.Request) error {
	return p.listCalls(r, "calls", "/test/aufrufe", calls.Out)
}

func (p *Pages) incoming(r *web.Request) error {
	return p.listCalls(r, "callbacks", "/test/rueckrufe", calls.In)
}

func (p *Pages) listCalls(r *web.Request, page, path, direction string) error {
	reference := strings.TrimSpace(r.URL.Query().Get("vorgang"))
	if len(reference) > maxReference {
		return web.ErrBadRequest
	}
	var before int64
	if s := r.URL.Query().Get("vor"); s != "" {
		var err error
		if before, err = strconv.ParseInt(s, 10, 64); err != nil || before < 1 {
			return web.ErrBadRequest
		}
	}
	list, err := p.Calls.List(r.Context(), direction, reference, before, pageSize+1)
	if err != nil {
		return err
	}
	data := map[string]any{"Rows": lines(list[:min(len(list), pageSize)]), "Reference": reference, "Path": path, "NextURL": "", "Dropped": p.Calls.Dropped()}
	if len(list) > pageSize {
		q := url.Values{"vor": {strconv.FormatInt(list[pageSize-1].ID, 10)}}
		if reference != "" {
			q.Set("vorgang", reference)
		}
		data["NextURL"] = path + "?" + q.Encode()
	}
	return p.show(r, page, path, web.View{}, data)
}

func lines(list []calls.Call) []call {
	out := make([]call, 0, len(list))
	for _, c := range list {
		out = append(out, call{Call: c, Took: milliseconds(c), Good: strings.HasPrefix(c.Outcome, "2") || strings.HasPrefix(c.Outcome, "3")})
	}
	return out
}

func milliseconds(c calls.Call) string {
	return strconv.FormatFloat(float64(c.TookUS)/1000, 'f', 1, 64)
}
