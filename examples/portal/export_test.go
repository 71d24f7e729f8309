package portal

import (
	"net"
	"time"
)

// ServeOn lets a portal serve on a listener that is open already.
func (c *Config) ServeOn(l net.Listener) { c.listener = l }

// SweepEvery makes the background work look for what is due more often.
func (c *Config) SweepEvery(d time.Duration) { c.sweep = d }
