package xzufisql

import (
	"context"
	"slices"
	"strings"

	"github.com/stadttor/stadttor/xzufi"
	"github.com/uptrace/bun/dialect"
)

var columns = [...]string{xzufi.FieldTitle: "title", xzufi.FieldSynonym: "synonym", xzufi.FieldText: "body"}

// maxProbes is the number of probes in one statement; SQLite allows for 500
// parts of a compound select.
const maxProbes = 200

// Match implements [xzufi.Store].
func (s *Store) Match(ctx context.Context, probes []xzufi.Probe) ([][]string, error) {
	out := make([][]string, len(probes))
	pg := s.db.Dialect().Name() == dialect.PG
	for from := 0; from < len(probes); from += maxProbes {
		var parts []string
		var args []any
		for i, p := range probes[from:min(from+maxProbes, len(probes))] {
			if err := checkProbe(p); err != nil {
				return nil, err
			}
			column := columns[p.Field]
			cond, arg := "xzufi_term MATCH ?", "{"+column+"} : ("+strings.Join(p.Terms, " OR ")+")"
			if pg {
				cond, arg = "xzufi_term."+column+" @@ ?", strings.Join(p.Terms, "|")
			}
			parts = append(parts, "SELECT ? AS probe, o.key AS key FROM xzufi_term JOIN xzufi_object AS o ON o.id = xzufi_term.rowid WHERE o.state = ? AND "+cond)
			args = append(args, from+i, current, arg)
		}
		var rows []struct {
			Probe int
			Key   string
		}
		if len(parts) == 0 {
			break
		}
		if err := s.db.NewRaw(strings.Join(parts, " UNION ALL "), args...).Scan(ctx, &rows); err != nil {
			return nil, fail("match", err)
		}
		for _, r := range rows {
			out[r.Probe] = append(out[r.Probe], r.Key)
		}
	}
	for i := range out {
		slices.Sort(out[i])
		out[i] = slices.Compact(out[i])
	}
	return out, ctx.Err()
}

// checkProbe keeps anything but plain terms away from the query language of
// the full-text index.
func checkProbe(p xzufi.Probe) error {
	if p.Field < 0 || int(p.Field) >= len(columns) {
		return &xzufi.InvalidError{Field: "probe", Rule: xzufi.RuleFormat}
	}
	if len(p.Terms) == 0 {
		return &xzufi.InvalidError{Field: "probe", Rule: xzufi.RuleRequired}
	}
	for _, t := range p.Terms {
		if t == "" {
			return &xzufi.InvalidError{Field: "probe", Rule: xzufi.RuleRequired}
		}
		for i := 0; i < len(t); i++ {
			if c := t[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
				return &xzufi.InvalidError{Field: "probe", Rule: xzufi.RuleFormat}
			}
		}
	}
	return nil
}
