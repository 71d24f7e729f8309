package xzufi

import (
	"encoding/json"
	"sort"
	"strings"

	"github.com/stadttor/stadttor/xzufi/internal/german"
)

const maxTerms = 20_000 // per field of one service

// describe fills card, words and terms of a service.
func describe(rec *Record, l *Leistung) error {
	texts := [3][]string{}
	add := func(f Field, list ...LangText) {
		for _, t := range list {
			texts[f] = append(texts[f], t.Text)
		}
	}
	add(FieldTitle, l.Title...)
	add(FieldSynonym, l.Synonyms...)
	texts[FieldSynonym] = append(texts[FieldSynonym], l.LeikaKeys...)
	for _, g := range l.Categories {
		add(FieldText, g.Name...)
	}
	for _, m := range l.Modules {
		switch m.Code {
		case ModuleTitle:
		case ModuleName:
			add(FieldSynonym, m.Text...)
		default:
			add(FieldText, m.Text...)
		}
		for _, k := range m.Links {
			texts[FieldText] = append(texts[FieldText], k.Title)
		}
	}
	for _, k := range l.Costs {
		add(FieldText, k.Text...)
	}
	for _, d := range l.Deadlines {
		add(FieldText, d.Text...)
	}
	words := map[string]string{}
	for f := range texts {
		terms := map[string]bool{}
		for _, t := range texts[f] {
			for _, w := range german.Words(t) {
				if len(terms) >= maxTerms {
					break
				}
				terms[german.Term(w.Folded)] = true
				if old, ok := words[w.Folded]; !ok || w.Surface < old {
					words[w.Folded] = w.Surface
				}
			}
		}
		for t := range terms {
			rec.Terms[f] = append(rec.Terms[f], t)
		}
		sort.Strings(rec.Terms[f])
	}
	list := make([]string, 0, len(words))
	for _, w := range words {
		list = append(list, w)
	}
	sort.Strings(list)
	rec.Words = strings.Join(list, " ")
	teaser := l.Teaser
	if len(teaser) == 0 {
		teaser = l.ShortText
	}
	var err error
	rec.Card, err = json.Marshal(card{ID: l.ID, Title: l.Title, Teaser: teaser, Leika: l.LeikaKeys, Areas: l.Areas,
		Categories: l.Categories, From: l.ValidFrom, Until: l.ValidUntil, TitleWords: len(german.Words(l.Title.For("de")))})
	return err
}
