package assistant

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// composeText holds the part of the Unicode Character Database that compose
// needs (Unicode 15).
//
//go:embed compose.txt
var composeText string

type composition struct {
	full  map[rune][]rune // canonical decomposition
	pairs map[[2]rune]rune
	class map[rune]int // canonical combining class where it is not 0
}

var compositions = sync.OnceValue(func() composition {
	c := composition{map[rune][]rune{}, map[[2]rune]rune{}, map[rune]int{}}
	var order []rune
	excluded := map[rune]bool{}
	for line := range strings.Lines(composeText) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if mark, class, ok := strings.Cut(line, ": "); ok {
			c.class[hexRune(mark)], _ = strconv.Atoi(class)
			continue
		}
		words := strings.Fields(line)
		r := hexRune(words[0])
		for _, w := range words[1:] {
			if w == "=x" {
				excluded[r] = true
				continue
			}
			c.full[r] = append(c.full[r], hexRune(w))
		}
		order = append(order, r)
	}
	// Shorter decompositions first: the first part of a longer one is then
	// already a single composed character.
	slices.SortStableFunc(order, func(a, b rune) int { return len(c.full[a]) - len(c.full[b]) })
	for _, r := range order {
		d := c.full[r]
		if excluded[r] || len(d) < 2 {
			continue
		}
		if head := c.join(d[:len(d)-1]); len(head) == 1 {
			c.pairs[[2]rune{head[0], d[len(d)-1]}] = r
		}
	}
	return c
})

func hexRune(s string) rune {
	n, _ := strconv.ParseInt(s, 16, 32)
	return rune(n)
}

// compose gives the normal form NFC for text in Latin, Greek and Cyrillic
// letters, so that "u" with a combining diaeresis and "ü" are one answer. Other
// scripts are left as they are: the standard library has no tables for them.
func compose(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x300 }) {
		return s
	}
	c := compositions()
	var split []rune
	for _, r := range s {
		if d, ok := c.full[r]; ok {
			split = append(split, d...)
		} else {
			split = append(split, r)
		}
	}
	for i := 0; i < len(split); i++ {
		j := i
		for j < len(split) && c.class[split[j]] != 0 {
			j++
		}
		if j > i {
			slices.SortStableFunc(split[i:j], func(a, b rune) int { return c.class[a] - c.class[b] })
			i = j
		}
	}
	return string(c.join(split))
}

// join composes a decomposed and ordered text (Unicode Standard, D117).
func (c composition) join(in []rune) []rune {
	out := make([]rune, 0, len(in))
	starter, last := -1, 0
	for _, r := range in {
		class := c.class[r]
		if starter >= 0 && (len(out)-1 == starter || last < class) {
			if p, ok := c.pairs[[2]rune{out[starter], r}]; ok {
				out[starter] = p
				continue
			}
		}
		if class == 0 {
			starter = len(out)
		}
		last = class
		out = append(out, r)
	}
	return out
}
