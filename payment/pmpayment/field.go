package pmpayment

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of values, in bytes. The service publishes only the first.
const (
	maxDesc   = 27
	maxRecord = 500
	maxTxID   = 128
	maxURL    = 2000
	maxField  = 500 // of a callback
)

// sepa reports whether a text has only characters that banks let through and
// that have one byte, so that both sides hash the same.
func sepa(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && !strings.ContainsRune("':?,-(+.)/ ", rune(c)) {
			return false
		}
	}
	return true
}

// plainID reports whether a text can stand in a path and under a hash as it is.
func plainID(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && c != '.' && c != '-' && c != '_' {
			return false
		}
	}
	return s != "" && s != "." && s != ".."
}

// plain reports whether a text can be stored and logged.
func plain(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// cents reads an amount as the service writes it: digits only.
func cents(s string) (int64, bool) {
	if s == "" || len(s) > 1 && s[0] == '0' {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}
