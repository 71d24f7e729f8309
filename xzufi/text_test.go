package xzufi_test

import (
	"testing"

	"github.com/stadttor/stadttor/xzufi"
)

func TestTextFor(t *testing.T) {
	t.Parallel()
	full := xzufi.Text{{Lang: "en", Text: "E"}, {Lang: "de-DE", Text: "D"}, {Lang: "de", Text: "D2"}, {Lang: "fr", Text: ""}}
	for name, tt := range map[string]struct {
		text xzufi.Text
		lang string
		want xzufi.LangText
	}{
		"asked":            {full, "en", xzufi.LangText{Lang: "en", Text: "E"}},
		"exact first":      {full, "de", xzufi.LangText{Lang: "de", Text: "D2"}},
		"by primary part":  {full, "en-GB", xzufi.LangText{Lang: "en", Text: "E"}},
		"underscore":       {full, "de_DE", xzufi.LangText{Lang: "de-DE", Text: "D"}},
		"else German":      {full, "pl", xzufi.LangText{Lang: "de", Text: "D2"}},
		"empty is no text": {full, "fr", xzufi.LangText{Lang: "de", Text: "D2"}},
		"else the first":   {full[:1], "pl", xzufi.LangText{Lang: "en", Text: "E"}},
		"none":             {nil, "de", xzufi.LangText{}},
		"no language":      {xzufi.Text{{Text: "x"}}, "de", xzufi.LangText{Text: "x"}},
	} {
		if got := tt.text.Pick(tt.lang); got != tt.want || tt.text.For(tt.lang) != tt.want.Text {
			t.Errorf("%s: got %+v, want %+v", name, got, tt.want)
		}
	}
}
