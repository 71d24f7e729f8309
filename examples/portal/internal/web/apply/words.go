package apply

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stadttor/stadttor/examples/portal/internal/assistant"
	"github.com/stadttor/stadttor/examples/portal/internal/web"
)

// sentence says what is wrong with an answer, naming the question.
func sentence(r *web.Request, def *assistant.Definition, e assistant.FieldError) string {
	lang := assistant.Lang(r.Lang)
	label, f := "", (*assistant.Field)(nil)
	if st := def.Step(e.Step); st != nil {
		label = st.Title.In(lang)
		if f = st.Field(e.Field); f != nil {
			label = f.Label.In(lang)
			if s := f.Short.In(lang); s != "" {
				label = s
			}
			if own := f.Errors[e.Code].In(lang); own != "" {
				return named(label, own)
			}
		}
	}
	pairs := []any{"label", label}
	for k, s := range e.Params {
		pairs = append(pairs, k, paramText(r.Lang, k, s, e.Code))
	}
	return ended(label, r.T(errorKey(f, e), pairs...))
}

// ended drops the colon after a label that is a whole sentence.
func ended(label, s string) string {
	rest, ok := strings.CutPrefix(s, label+": ")
	if !ok || rest == "" || !strings.ContainsAny(label[max(len(label)-1, 0):], "?.!") {
		return s
	}
	first, n := utf8.DecodeRuneInString(rest)
	return label + " " + string(unicode.ToUpper(first)) + rest[n:]
}

// named puts the question in front of a sentence that does not name it.
func named(label, sentence string) string {
	if strings.Contains(sentence, label) {
		return sentence
	}
	return ended(label, strings.TrimRight(label, ":")+": "+sentence)
}

// errorKey is the key of the sentence for a code; some read better when they
// know the kind of question.
func errorKey(f *assistant.Field, e assistant.FieldError) string {
	key := "apply.error." + string(e.Code)
	switch e.Code {
	case assistant.CodeRequired:
		if f == nil {
			return key
		}
		switch f.Type {
		case assistant.TypeYesNo, assistant.TypeRadio, assistant.TypeCheckboxes, assistant.TypeSelect, assistant.TypePlace, assistant.TypeLookup:
			return key + ".choice"
		case assistant.TypeDate, assistant.TypeFile, assistant.TypeConsent:
			return key + "." + string(f.Type)
		}
	case assistant.CodeRange:
		switch {
		case e.Params["max"] == "":
			return key + ".min"
		case e.Params["min"] == "":
			return key + ".max"
		}
	case assistant.CodeTooMany, assistant.CodeTooFew:
		if f != nil && f.Type == assistant.TypeFile {
			return key + ".file"
		}
		if f == nil {
			return key + ".group"
		}
	}
	return key
}

func paramText(lang, name, value string, code assistant.Code) string {
	if t, err := time.Parse("2006-01-02", value); err == nil {
		if lang == web.English {
			return t.Format("2 January 2006")
		}
		return t.Format("02.01.2006")
	}
	if n, err := strconv.ParseInt(value, 10, 64); err == nil && code == assistant.CodeFileTooBig && name == "max" {
		return wholeSize(lang, n)
	}
	if _, err := strconv.ParseFloat(value, 64); err == nil && lang != web.English {
		return strings.Replace(value, ".", ",", 1)
	}
	return value
}
