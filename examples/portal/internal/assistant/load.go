package assistant

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
)

//go:embed definitions/*.json
var builtin embed.FS

// maxDefinition is the greatest size of a definition in bytes.
const maxDefinition = 1 << 20

// Set holds loaded definitions, possibly several versions of one.
type Set struct{ byID map[string][]*Definition }

// Builtin loads the definitions that come with the portal.
func Builtin() (*Set, error) {
	sub, err := fs.Sub(builtin, "definitions")
	if err != nil {
		return nil, fmt.Errorf("assistant: %w", err)
	}
	return Load(sub)
}

// Load reads and checks all files *.json in the top folders of the file systems;
// a definition in a later one replaces the same id and version. The error is a
// [*LoadError] with every fault found, or that of reading a file.
func Load(systems ...fs.FS) (*Set, error) {
	s := &Set{byID: map[string][]*Definition{}}
	all := &LoadError{}
	for _, fsys := range systems {
		names, err := fs.Glob(fsys, "*.json")
		if err != nil {
			return nil, fmt.Errorf("assistant: %w", err)
		}
		seen := map[string]string{}
		for _, name := range names {
			data, err := fs.ReadFile(fsys, name)
			if err != nil {
				return nil, fmt.Errorf("assistant: %w", err)
			}
			d, err := Parse(name, data)
			if le, ok := errors.AsType[*LoadError](err); ok {
				all.Problems = append(all.Problems, le.Problems...)
				continue
			}
			key := d.ID + "@" + d.Version
			if other, dup := seen[key]; dup {
				all.Problems = append(all.Problems, Problem{name, "id", "same id and version as in " + other})
				continue
			}
			seen[key] = name
			s.add(d)
		}
	}
	if len(all.Problems) > 0 {
		return nil, all
	}
	return s, nil
}

func (s *Set) add(d *Definition) {
	list := slices.DeleteFunc(s.byID[d.ID], func(o *Definition) bool { return o.Version == d.Version })
	list = append(list, d)
	slices.SortFunc(list, func(a, b *Definition) int { return versionNumber(a.Version) - versionNumber(b.Version) })
	s.byID[d.ID] = list
}

// versionNumber returns 0 for what is not a version.
func versionNumber(v string) int {
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > 1_000_000 || strconv.Itoa(n) != v {
		return 0
	}
	return n
}

// Latest returns the highest version of the definition.
func (s *Set) Latest(id string) (*Definition, bool) {
	list := s.byID[id]
	if len(list) == 0 {
		return nil, false
	}
	return list[len(list)-1], true
}

// Version returns one version, for drafts that were begun with it.
func (s *Set) Version(id, version string) (*Definition, bool) {
	for _, d := range s.byID[id] {
		if d.Version == version {
			return d, true
		}
	}
	return nil, false
}

// ForService returns the latest definition that serves the Leistung, the one
// with the lowest id when there are several.
func (s *Set) ForService(service string) (*Definition, bool) {
	for _, d := range s.All() {
		if service != "" && d.Service == service {
			return d, true
		}
	}
	return nil, false
}

// All returns the latest version of each definition, by id.
func (s *Set) All() []*Definition {
	ids := make([]string, 0, len(s.byID))
	for id := range s.byID {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	out := make([]*Definition, 0, len(ids))
	for _, id := range ids {
		d, _ := s.Latest(id)
		out = append(out, d)
	}
	return out
}

// Parse reads and checks one definition; name is for the messages only. Unknown
// and repeated keys are faults. The error is a [*LoadError] with every fault.
func Parse(name string, data []byte) (*Definition, error) {
	c := &checker{file: name}
	if len(data) > maxDefinition {
		c.fault("", "larger than %d bytes", maxDefinition)
		return nil, c.err()
	}
	if err := uniqueKeys(data); err != nil {
		c.fault("", "%v", err)
		return nil, c.err()
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	dec.UseNumber()
	var d Definition
	if err := dec.Decode(&d); err != nil {
		c.fault("", "%v", err)
		return nil, c.err()
	}
	c.definition(&d)
	if err := c.err(); err != nil {
		return nil, err
	}
	return &d, nil
}

// uniqueKeys finds repeated keys, which encoding/json would silently accept,
// broken JSON and what follows the document.
func uniqueKeys(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := walkKeys(dec, 0); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the document")
	}
	return nil
}

func walkKeys(dec *json.Decoder, depth int) error {
	if depth > 100 {
		return errors.New("nested too deeply")
	}
	tok, err := dec.Token()
	if err != nil {
		return err
	}
	open, ok := tok.(json.Delim)
	if !ok {
		return nil
	}
	seen := map[string]bool{}
	for dec.More() {
		if open == '{' {
			key, err := dec.Token()
			if err != nil {
				return err
			}
			k, _ := key.(string)
			if seen[k] {
				return fmt.Errorf("key %q is there twice", k)
			}
			seen[k] = true
		}
		if err := walkKeys(dec, depth+1); err != nil {
			return err
		}
	}
	_, err = dec.Token()
	return err
}
