package sims

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// The faults of the network, which the gate makes in front of a simulator.
const (
	FaultDown   = "down"      // the connection is closed without an answer
	FaultSlow   = "slow"      // the answer comes after the client's patience
	FaultHTML   = "html"      // a maintenance page instead of an answer
	FaultHuge   = "huge"      // an answer without end
	FaultStatus = "status500" // a server error
)

func gateFaults() []string {
	return []string{FaultDown, FaultSlow, FaultHTML, FaultHuge, FaultStatus}
}

// Limits of the gate.
const (
	slowTime = 90 * time.Second
	hugeTime = time.Minute
	bodySize = 16 << 20
)

// gate stands in front of a simulator and breaks the line to it.
type gate struct {
	next http.Handler

	mu    sync.Mutex
	fault string
}

func (g *gate) set(fault string) { g.mu.Lock(); g.fault = fault; g.mu.Unlock() }

func (g *gate) get() string { g.mu.Lock(); defer g.mu.Unlock(); return g.fault }

// ServeHTTP implements http.Handler.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch g.get() {
	case FaultDown:
		panic(http.ErrAbortHandler)
	case FaultSlow:
		// Only a body that was read to its end lets the server notice that the client went away.
		_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, bodySize))
		patience := time.NewTimer(slowTime)
		defer patience.Stop()
		select {
		case <-r.Context().Done():
		case <-patience.C:
		}
		http.Error(w, "too late", http.StatusServiceUnavailable)
	case FaultHTML:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<!DOCTYPE html><html lang=\"de\"><head><meta charset=\"utf-8\"><title>Wartung</title></head><body><h1>Wartungsarbeiten</h1><p>Simulierte Störung. Bitte versuchen Sie es später wieder.</p></body></html>\n")
	case FaultHuge:
		w.Header().Set("Content-Type", "application/json")
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(hugeTime))
		block := make([]byte, 64<<10)
		for i := range block {
			block[i] = ' '
		}
		for r.Context().Err() == nil {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	case FaultStatus:
		http.Error(w, "simulated error", http.StatusInternalServerError)
	default:
		g.next.ServeHTTP(w, r)
	}
}
