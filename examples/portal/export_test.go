package portal

import "net"

// ServeOn lets a portal serve on a listener that is open already.
func (c *Config) ServeOn(l net.Listener) { c.listener = l }
