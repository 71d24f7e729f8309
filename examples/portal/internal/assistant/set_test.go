package assistant

import "testing"

func TestBuiltin(t *testing.T) {
	t.Parallel()
	if _, err := Builtin(); err != nil {
		t.Fatal(err)
	}
}
