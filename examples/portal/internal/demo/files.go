package demo

import (
	"embed"
	"io/fs"
)

//go:embed xzufi/*.xml
var messages embed.FS

// Files holds the transfer messages of the catalogue, in the order in which
// they are imported.
func Files() fs.FS {
	sub, err := fs.Sub(messages, "xzufi")
	if err != nil {
		panic("demo: " + err.Error()) // the folder is embedded
	}
	return sub
}
