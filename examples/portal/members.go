package portal

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"

	"github.com/stadttor/stadttor/examples/portal/internal/demo"
	"github.com/stadttor/stadttor/examples/portal/internal/web/find"
	"github.com/stadttor/stadttor/federation"
)

// Ways to search a member.
const (
	sourcePortal = "portal"           // another Stadttor portal
	sourceLinks  = "links"            // a fixed list in the file
	sourceWaste  = "abfallwirtschaft" // the interface of the waste company of the demo
)

// memberFile is the Portalverbund as configured: this portal and its members.
type memberFile struct {
	Own struct {
		ID      string   `json:"id"`
		Regions []string `json:"regions"`
	} `json:"own"`
	Members []memberEntry `json:"members"`
}

// memberEntry is one member.
type memberEntry struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Kind     string            `json:"kind"`
	URL      string            `json:"url"`
	Source   string            `json:"source"`
	Regions  []string          `json:"regions"`
	Services []string          `json:"services"`
	Hosts    []string          `json:"hosts"`
	Aliases  []string          `json:"aliases"`
	Offers   map[string]string `json:"offers"`
	Weight   float64           `json:"weight"`
	Links    []linkEntry       `json:"links"`
}

type linkEntry struct {
	Title  string `json:"title"`
	Lang   string `json:"lang"`
	Teaser string `json:"teaser"`
	URL    string `json:"url"`
	Key    string `json:"key"`
	Area   string `json:"area"`
	Online bool   `json:"online"`
}

// maxMembers bounds the file in bytes.
const maxMembers = 1 << 20

// readMembers reads the configured Portalverbund; without a setting that of the
// demo's world, and in production none.
func (c *Config) readMembers(world demo.World) (memberFile, error) {
	var f memberFile
	bad := func(problem string) (memberFile, error) {
		return memberFile{}, &ConfigError{"PORTAL_MEMBERS", problem}
	}
	var body []byte
	switch {
	case c.Members != "":
		file, err := os.Open(c.Members)
		if err != nil {
			return bad("cannot be read")
		}
		defer file.Close()
		if body, err = io.ReadAll(io.LimitReader(file, maxMembers+1)); err != nil {
			return bad("cannot be read")
		}
		if len(body) > maxMembers {
			return bad("is larger than 1 MiB")
		}
	case c.Mode == Demo:
		body = world.Members()
	default:
		return f, nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return bad("is not a list of members: " + jsonProblem(err))
	}
	if d.More() {
		return bad("has something behind the list of members")
	}
	for _, m := range f.Members {
		if problem := m.problem(c.Mode == Demo && c.Members == ""); problem != "" {
			return bad("has a member " + m.ID + " " + problem)
		}
	}
	return f, nil
}

// checkMembers finds out early what is wrong with the Portalverbund.
func (c *Config) checkMembers(world demo.World) error {
	f, err := c.readMembers(world)
	if err != nil {
		return err
	}
	var all []federation.Participant
	for _, m := range f.Members {
		if m.URL != "" {
			all = append(all, federation.Participant{Member: m.member(), Source: federation.Links{}})
		}
	}
	if _, err := federation.NewSearcher(all, &federation.SearchOptions{InsecureAllowHTTP: c.Mode == Demo}); err != nil {
		return &ConfigError{"PORTAL_MEMBERS", "cannot be used: " + err.Error()}
	}
	return nil
}

// jsonProblem says where a file is wrong without quoting it.
func jsonProblem(err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return "no JSON"
	case errors.As(err, &kind):
		return "wrong kind of value in " + kind.Field
	}
	return err.Error()
}

// problem says what is wrong with an entry beyond what federation checks.
func (m memberEntry) problem(later bool) string {
	if !slices.Contains([]string{"municipality", "district", "state", "federal", "utility"}, m.Kind) {
		return "of an unknown kind"
	}
	if m.Offers["de"] == "" {
		return "without offers in German"
	}
	switch m.Source {
	case sourcePortal, sourceWaste:
		if m.URL == "" && !later {
			return "without url"
		}
	case sourceLinks:
		for _, l := range m.Links {
			if !m.member().Link(l.URL, false) {
				return "with a link that is not https on its own hosts"
			}
		}
	default:
		return "with an unknown source"
	}
	return ""
}

func (m memberEntry) member() federation.Member {
	return federation.Member{ID: m.ID, Name: m.Name, Kind: m.Kind, URL: m.URL, Regions: m.Regions, Services: m.Services, Hosts: m.Hosts}
}

// hits are the entries of the fixed list.
func (m memberEntry) hits() []federation.Hit {
	var out []federation.Hit
	for _, l := range m.Links {
		lang := l.Lang
		if lang == "" {
			lang = "de"
		}
		out = append(out, federation.Hit{Key: l.Key, Area: l.Area, Title: l.Title, TitleLang: lang, Teaser: l.Teaser, URL: l.URL, Online: l.Online})
	}
	return out
}

// shown is the member as the pages show it.
func (m memberEntry) shown() find.NetworkMember {
	return find.NetworkMember{Member: m.member(), Offers: m.Offers, Links: m.hits(), Portal: m.Source == sourcePortal, Aliases: m.Aliases}
}
