package demo

import "embed"

//go:embed xzufi/*.xml xzufi-weserheide/*.xml
var messages embed.FS

//go:embed theme-weserheide/*
var themes embed.FS

//go:embed forms-weserheide/*.json
var forms embed.FS
