package desk

import "github.com/stadttor/stadttor/examples/portal/internal/web"

func (p *Pages) registerLists(c *web.Core)   {}
func (p *Pages) registerCase(c *web.Core)    {}
func (p *Pages) registerActions(c *web.Core) {}
