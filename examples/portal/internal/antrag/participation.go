package antrag

import (
	"context"
)

// Participations lists the involvements of a case with their files, the oldest
// first.
func (s *Service) Participations(ctx context.Context, app string) ([]Participation, error) {
	var out []Participation
	if err := s.DB.Read.NewSelect().Model(&out).Where("i.application = ?", app).Order("i.started_at", "i.id").Limit(1000).Scan(ctx); err != nil || len(out) == 0 {
		return nil, err
	}
	var links []participationFile
	err := s.DB.Read.NewSelect().Model(&links).Where("involvement IN (?)",
		s.DB.Read.NewSelect().Model((*Participation)(nil)).Column("i.id").Where("i.application = ?", app)).Scan(ctx)
	if err != nil {
		return nil, err
	}
	files, err := s.Files(ctx, app)
	if err != nil {
		return nil, err
	}
	for i := range out {
		p := &out[i]
		p.utc()
		for _, f := range files {
			for _, l := range links {
				switch {
				case l.Involvement != p.ID || l.File != f.ID:
				case l.Kind == fileAnswer:
					p.AnswerFiles = append(p.AnswerFiles, f)
				default:
					p.Documents = append(p.Documents, f)
				}
			}
		}
	}
	return out, nil
}

// WholeUnits returns the units that take part in the whole case at the moment
// besides the one that leads it. They are what the citizen is told of; a unit
// that was shown documents or asked a question stays within the administration.
func (s *Service) WholeUnits(ctx context.Context, app string) ([]string, error) {
	var out []string
	err := s.DB.Read.NewSelect().Model((*Participation)(nil)).Column("i.unit").Where("i.application = ?", app).Where("i.scope = ?", ScopeWhole).
		Where("i.ended_at IS NULL").Where("(i.ends_at IS NULL OR i.ends_at > ?)", s.now()).Order("i.started_at", "i.id").Scan(ctx, &out)
	return out, err
}

// ListParticipations lists involvements as restricted by the caller, those that
// end first on top.
func (s *Service) ListParticipations(ctx context.Context, visible Visible) ([]Participation, error) {
	var out []Participation
	err := visible(s.DB.Read.NewSelect().Model(&out)).OrderExpr("CASE WHEN i.ends_at IS NULL THEN 1 ELSE 0 END, i.ends_at, i.started_at, i.id").Limit(200).Scan(ctx)
	for i := range out {
		out[i].utc()
	}
	return out, err
}
