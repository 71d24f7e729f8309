package sims

import (
	"os"
	"testing"
)

var made []string

// newFolder makes a folder that lives as long as the tests.
func newFolder() (string, error) {
	dir, err := os.MkdirTemp("", "sims")
	made = append(made, dir)
	return dir, err
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, dir := range made {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}
