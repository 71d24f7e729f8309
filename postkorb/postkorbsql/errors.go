package postkorbsql

import "fmt"

// dbError says which step failed. The driver's own text may hold values, so it
// is reachable with Unwrap only.
type dbError struct {
	step  string
	cause error
}

func failed(step string, err error) error { return &dbError{step: step, cause: err} }

func (e *dbError) Error() string { return fmt.Sprintf("postkorbsql: %s: database error", e.step) }

func (e *dbError) Unwrap() error { return e.cause }
