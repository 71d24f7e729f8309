package demo

import "embed"

//go:embed members
var members embed.FS

// Members returns the Portalverbund as a world knows it, in the form of the
// file that PORTAL_MEMBERS names. Members without address run beside the portal
// and get it when they start.
func (w World) Members() []byte {
	body, err := members.ReadFile("members/" + w.ID + ".json")
	if err != nil {
		panic("demo: " + err.Error()) // the folder is embedded
	}
	return body
}
