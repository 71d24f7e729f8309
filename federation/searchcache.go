package federation

import (
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// searchCache keeps answers of members, bounded by number and by bytes. It
// holds no person's data: its keys are words, area, language and number.
type searchCache struct {
	mu       sync.Mutex
	lru      *simplelru.LRU[string, kept]
	bytes    int64
	maxBytes int64
}

// kept is an answer with the time at which it came.
type kept struct {
	hits    []Hit // never changed once kept
	dropped int
	at      time.Time
	size    int64
}

func newSearchCache(entries int, bytes int64) *searchCache {
	c := &searchCache{maxBytes: bytes}
	// The only error is a size below one, which the defaults rule out.
	c.lru, _ = simplelru.NewLRU(entries, func(_ string, k kept) { c.bytes -= k.size })
	return c
}

func (c *searchCache) get(key string) (kept, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lru.Get(key)
}

func (c *searchCache) put(key string, k kept) {
	k.size = int64(len(key)) + 128
	for _, h := range k.hits {
		k.size += int64(len(h.Key)+len(h.Area)+len(h.Title)+len(h.TitleLang)+len(h.Teaser)+len(h.URL)) + 160
	}
	if k.size > c.maxBytes {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lru.Remove(key) // Add would replace without telling the bytes
	c.bytes += k.size
	c.lru.Add(key, k)
	for c.bytes > c.maxBytes {
		c.lru.RemoveOldest()
	}
}

// cacheKey names a question to a member.
func cacheKey(member string, q Query) string {
	return strings.Join([]string{member, q.Area, q.Lang, strconv.Itoa(q.Limit), strings.ToLower(q.Text)}, "\x00")
}
