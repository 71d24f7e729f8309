package portal

import (
	"context"
	"net/http"
	"time"
)

// health adds two addresses: live answers while the process runs, ready also asks the database, so that
// a load balancer sends nobody to an instance that cannot answer.
func (p *Portal) health() {
	p.core.HandleRaw("GET /healthz/live", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok") }))
	p.core.HandleRaw("GET /healthz/ready", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		if err := p.db.Read.PingContext(ctx); err != nil {
			answer(w, http.StatusServiceUnavailable, "database")
			return
		}
		answer(w, http.StatusOK, "ok")
	}))
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	w.Write([]byte(text + "\n"))
}
