package antrag

import (
	"context"
	"database/sql"
	"errors"
	"strings"
)

// visitorPrefix marks the key of a visitor who has no account.
const visitorPrefix = "gast:"

// StartedBy tells of a draft that is not open to the caller's session which
// assistant it belongs to and whether a visitor without an account began it,
// so that the portal can say how to get back to it. Nothing else of it is
// told. ErrNotFound when there is none.
func (s *Service) StartedBy(ctx context.Context, id string) (assistantID string, visitor bool, err error) {
	var owner string
	err = s.DB.Read.NewSelect().Model((*draftRow)(nil)).Column("assistant", "owner").Where("id = ?", id).
		Where("expires_at > ?", s.now()).Scan(ctx, &assistantID, &owner)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, ErrNotFound
	}
	return assistantID, strings.HasPrefix(owner, visitorPrefix), err
}
