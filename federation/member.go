package federation

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// Member is a party of the federation: another portal or a provider of public
// services. Members are configuration that the operator vouches for; what they
// answer is foreign input.
type Member struct {
	// ID is a short stable name, 1 to 64 of a-z, 0-9, "-" and ".".
	ID string
	// Name is what people read.
	Name string
	// Kind says what the member is: "municipality", "district", "state",
	// "federal", "utility". It has no effect here.
	Kind string
	// URL is the member's public address, https, or http with
	// [SearchOptions].InsecureAllowHTTP.
	URL string
	// Regions are prefixes of the Amtlicher Regionalschlüssel (ARS, digits) for
	// which the member speaks. None: everywhere.
	Regions []string
	// Services are the Leistungsschlüssel that the member may offer. None: all.
	Services []string
	// Hosts are the hosts, with a port if it is not the scheme's, to which links
	// of the member may lead. None: the host of URL.
	Hosts []string
}

// maxARS is the length of a complete Amtlicher Regionalschlüssel.
const maxARS = 12

// overlap reports whether one key is a prefix of the other: what holds in a
// district concerns its municipalities, and what a municipality offers
// concerns whoever asks about the district. An empty key is everywhere.
func overlap(a, b string) bool { return strings.HasPrefix(a, b) || strings.HasPrefix(b, a) }

// Serves reports whether the member can know something about an area, an ARS
// or a prefix of one. An empty area is everywhere.
func (m Member) Serves(area string) bool {
	if area == "" || len(m.Regions) == 0 {
		return true
	}
	for _, region := range m.Regions {
		if overlap(region, area) {
			return true
		}
	}
	return false
}

// Offers reports whether the member may offer a service. A service without key
// cannot be checked and is allowed.
func (m Member) Offers(key string) bool {
	if key == "" || len(m.Services) == 0 {
		return true
	}
	for _, s := range m.Services {
		if s == key {
			return true
		}
	}
	return false
}

// reach is how specific the member is about an area: the length of its longest
// region that overlaps, 0 for none.
func (m Member) reach(area string) int {
	n := 0
	for _, region := range m.Regions {
		if overlap(region, area) {
			n = max(n, len(region))
		}
	}
	return n
}

// Link reports whether raw is an address to which a link of the member may
// lead: absolute, https (or http when the member itself is reached so and
// allowHTTP), without credentials, on one of the member's own hosts.
func (m Member) Link(raw string, allowHTTP bool) bool {
	if len(raw) > maxURL || !plain(raw) {
		return false
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.Opaque != "" {
		return false
	}
	own, err := url.Parse(m.URL)
	if err != nil {
		return false
	}
	if u.Scheme != "https" && (u.Scheme != "http" || own.Scheme != "http" || !allowHTTP) {
		return false
	}
	host := authority(u)
	if len(m.Hosts) == 0 {
		return host == authority(own)
	}
	for _, h := range m.Hosts {
		if host == strings.ToLower(h) {
			return true
		}
	}
	return false
}

// authority is an address's host in lower case, with its port unless that is
// the scheme's own.
func authority(u *url.URL) string {
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		return strings.TrimSuffix(host, ":443")
	case "http":
		return strings.TrimSuffix(host, ":80")
	}
	return host
}

// plain reports whether an address has no blank, control or odd character in
// it that programs read differently.
func plain(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' || odd(r) })
}

// check finds what is wrong with a member.
func (m Member) check(allowHTTP bool) error {
	if m.ID == "" {
		return &InvalidError{"member id", RuleRequired}
	}
	if len(m.ID) > 64 || strings.Trim(m.ID, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" {
		return &InvalidError{"member id", RuleSyntax}
	}
	if !utf8.ValidString(m.Name) || strings.ContainsRune(m.Name, 0) {
		return &InvalidError{"member name", RuleText}
	}
	if m.Name == "" {
		return &InvalidError{"member name", RuleRequired}
	}
	u, err := url.Parse(m.URL)
	if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && (u.Scheme != "http" || !allowHTTP)) {
		return &InvalidError{"member url", RuleSyntax}
	}
	for _, r := range m.Regions {
		if !digits(r, maxARS) {
			return &InvalidError{"member region", RuleSyntax}
		}
	}
	for _, s := range m.Services {
		if !digits(s, maxKey) {
			return &InvalidError{"member service", RuleSyntax}
		}
	}
	for _, h := range m.Hosts {
		if h == "" || strings.ContainsAny(h, "/@?#*") || !plain(h) {
			return &InvalidError{"member host", RuleSyntax}
		}
	}
	return nil
}

// digits reports whether s is 1 to n digits.
func digits(s string, n int) bool {
	return s != "" && len(s) <= n && strings.Trim(s, "0123456789") == ""
}
