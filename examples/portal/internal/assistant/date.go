package assistant

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const isoDay = "2006-01-02"

// dayOf returns the calendar day that t shows, as midnight UTC.
func dayOf(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// makeDay returns the day, ok false when it does not exist.
func makeDay(y, m, d int) (time.Time, bool) {
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	ty, tm, td := t.Date()
	return t, ty == y && int(tm) == m && td == d && y >= 1800 && y <= 2999
}

// addMonths moves by whole months and stays in the month: one year before
// 29 February is 28 February, so that ages come out as BGB sections 187 and 188
// count them.
func addMonths(t time.Time, n int) time.Time {
	y, m, d := t.Date()
	first := time.Date(y, m+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(d, last)-1)
}

var errDateExpr = errors.New(`want "2006-01-02", "today" or "today" with + or -, a number and d, m or y`)

// dateExpr evaluates the date expressions of definitions.
func dateExpr(s string, today time.Time) (time.Time, error) {
	rest, relative := strings.CutPrefix(s, "today")
	if !relative {
		t, err := time.Parse(isoDay, s)
		if err != nil {
			return time.Time{}, errDateExpr
		}
		return t, nil
	}
	today = dayOf(today)
	if rest == "" {
		return today, nil
	}
	if len(rest) < 3 || len(rest) > 7 || (rest[0] != '+' && rest[0] != '-') {
		return time.Time{}, errDateExpr
	}
	n, err := strconv.ParseUint(rest[1:len(rest)-1], 10, 16)
	if err != nil {
		return time.Time{}, errDateExpr
	}
	k := int(n)
	if rest[0] == '-' {
		k = -k
	}
	switch rest[len(rest)-1] {
	case 'd':
		return today.AddDate(0, 0, k), nil
	case 'm':
		return addMonths(today, k), nil
	case 'y':
		if n > 1000 {
			return time.Time{}, errDateExpr
		}
		return addMonths(today, 12*k), nil
	}
	return time.Time{}, errDateExpr
}

// dateParts splits the raw form of a date into day, month and year.
func dateParts(raw string) [3]string {
	var out [3]string
	for i, p := range strings.SplitN(raw, ".", 3) {
		out[i] = p
	}
	return out
}

// number1 reads one input of a date: only digits, at most width of them.
func number1(s string, width int) (int, bool) {
	if s == "" || len(s) > width {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}

// readDate reads three inputs. Years have four digits: with two nobody knows
// the century.
func readDate(p [3]string) (time.Time, bool) {
	d, ok1 := number1(p[0], 2)
	m, ok2 := number1(p[1], 2)
	y, ok3 := number1(p[2], 4)
	if !ok1 || !ok2 || !ok3 || len(p[2]) != 4 {
		return time.Time{}, false
	}
	return makeDay(y, m, d)
}

// lastPossible returns the latest day that a partial date can mean, and whether
// it is a partial date at all: year alone, or month and year.
func lastPossible(raw string) (time.Time, bool) {
	p := dateParts(raw)
	if p[0] != "" || len(p[2]) != 4 {
		return time.Time{}, false
	}
	y, ok := number1(p[2], 4)
	if !ok {
		return time.Time{}, false
	}
	if p[1] == "" {
		return makeDay(y, 12, 31)
	}
	m, ok := number1(p[1], 2)
	if !ok {
		return time.Time{}, false
	}
	first, ok := makeDay(y, m, 1)
	return first.AddDate(0, 1, -1), ok
}

// attributeDate turns the date of an account attribute into the raw form:
// "1980-05-03", and with unknown parts "1980-00-00", "1980-05", "1980", "0000-00-00".
func attributeDate(s string) (raw string, ok bool) {
	parts := strings.Split(strings.TrimSpace(s), "-")
	if len(parts) > 3 {
		return "", false
	}
	for len(parts) < 3 {
		parts = append(parts, "00")
	}
	widths := [3]int{4, 2, 2}
	for i, p := range parts {
		n, digits := number1(p, widths[i])
		if !digits {
			return "", false
		}
		if n == 0 {
			parts[i] = ""
		}
	}
	if parts[0] == "" && parts[1] == "" && parts[2] == "" {
		return "", false
	}
	if parts[1] == "" {
		parts[2] = ""
	}
	return fmt.Sprintf("%s.%s.%s", parts[2], parts[1], parts[0]), true
}
