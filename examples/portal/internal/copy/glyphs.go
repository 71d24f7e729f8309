package copy

import (
	"encoding/binary"
	"errors"
)

var errFont = errors.New("copy: the font has no table of characters")

// glyphs tells which characters of the basic plane a font has.
type glyphs map[rune]bool

func (g glyphs) has(r rune) bool { return g[r] }

// readGlyphs reads the characters of a TrueType font from its cmap table,
// format 4 (OpenType specification, "cmap").
func readGlyphs(font []byte) (glyphs, error) {
	table, err := fontTable(font, "cmap")
	if err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint16(table[2:]))
	for i := range n {
		rec := table[4+8*i:]
		platform, encoding := binary.BigEndian.Uint16(rec), binary.BigEndian.Uint16(rec[2:])
		sub := table[binary.BigEndian.Uint32(rec[4:]):]
		if platform == 3 && encoding == 1 && binary.BigEndian.Uint16(sub) == 4 {
			return format4(sub), nil
		}
	}
	return nil, errFont
}

func fontTable(font []byte, tag string) ([]byte, error) {
	if len(font) < 12 {
		return nil, errFont
	}
	n := int(binary.BigEndian.Uint16(font[4:]))
	for i := range n {
		rec := font[12+16*i:]
		if string(rec[:4]) == tag {
			return font[binary.BigEndian.Uint32(rec[8:]):], nil
		}
	}
	return nil, errFont
}

func format4(sub []byte) glyphs {
	g := glyphs{}
	segs := int(binary.BigEndian.Uint16(sub[6:])) / 2
	at := func(table, seg int) int { return int(binary.BigEndian.Uint16(sub[14+table*2*segs+2*seg:])) }
	for s := range segs {
		end := at(0, s)
		// A pad of two bytes stands after the first table.
		start := int(binary.BigEndian.Uint16(sub[16+2*segs+2*s:]))
		delta := int(binary.BigEndian.Uint16(sub[16+4*segs+2*s:]))
		place := 16 + 6*segs + 2*s
		offset := int(binary.BigEndian.Uint16(sub[place:]))
		for c := start; c <= end && c < 0xFFFF; c++ {
			glyph := c + delta
			if offset != 0 {
				glyph = int(binary.BigEndian.Uint16(sub[place+offset+2*(c-start):]))
				if glyph != 0 {
					glyph += delta
				}
			}
			if glyph&0xFFFF != 0 {
				g[rune(c)] = true
			}
		}
	}
	return g
}
