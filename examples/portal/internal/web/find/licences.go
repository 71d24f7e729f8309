package find

import (
	"runtime/debug"
	"sync"
)

// module is one Go library in the program.
type module struct{ Path, Licence, Version string }

// modules are the libraries of the portal and their licences, read from the
// licence files of the modules.
var modules = [...]module{
	{Path: "codeberg.org/go-pdf/fpdf", Licence: "MIT"},
	{Path: "github.com/aymerick/douceur", Licence: "MIT"},
	{Path: "github.com/beevik/etree", Licence: "BSD-2-Clause"},
	{Path: "github.com/blevesearch/snowballstem", Licence: "BSD-3-Clause"},
	{Path: "github.com/cespare/xxhash/v2", Licence: "MIT"},
	{Path: "github.com/coreos/go-oidc/v3", Licence: "Apache-2.0"},
	{Path: "github.com/dustin/go-humanize", Licence: "MIT"},
	{Path: "github.com/gabriel-vasile/mimetype", Licence: "MIT"},
	{Path: "github.com/go-jose/go-jose/v4", Licence: "Apache-2.0"},
	{Path: "github.com/google/uuid", Licence: "BSD-3-Clause"},
	{Path: "github.com/gorilla/css", Licence: "BSD-3-Clause"},
	{Path: "github.com/jackc/pgpassfile", Licence: "MIT"},
	{Path: "github.com/jackc/pgservicefile", Licence: "MIT"},
	{Path: "github.com/jackc/pgx/v5", Licence: "MIT"},
	{Path: "github.com/jackc/puddle/v2", Licence: "MIT"},
	{Path: "github.com/jinzhu/inflection", Licence: "MIT"},
	{Path: "github.com/jonboulle/clockwork", Licence: "Apache-2.0"},
	{Path: "github.com/klauspost/compress", Licence: "BSD-3-Clause, Apache-2.0 and MIT"},
	{Path: "github.com/klauspost/cpuid/v2", Licence: "MIT"},
	{Path: "github.com/klauspost/crc32", Licence: "BSD-3-Clause"},
	{Path: "github.com/lib/pq", Licence: "MIT"},
	{Path: "github.com/mattermost/xml-roundtrip-validator", Licence: "Apache-2.0"},
	{Path: "github.com/microcosm-cc/bluemonday", Licence: "BSD-3-Clause"},
	{Path: "github.com/minio/crc64nvme", Licence: "Apache-2.0"},
	{Path: "github.com/minio/md5-simd", Licence: "Apache-2.0"},
	{Path: "github.com/minio/minio-go/v7", Licence: "Apache-2.0"},
	{Path: "github.com/philhofer/fwd", Licence: "MIT"},
	{Path: "github.com/puzpuzpuz/xsync/v3", Licence: "Apache-2.0"},
	{Path: "github.com/remyoudompheng/bigfft", Licence: "BSD-3-Clause"},
	{Path: "github.com/riverqueue/river", Licence: "MPL-2.0"},
	{Path: "github.com/riverqueue/river/riverdriver", Licence: "MPL-2.0"},
	{Path: "github.com/riverqueue/river/riverdriver/riverdatabasesql", Licence: "MPL-2.0"},
	{Path: "github.com/riverqueue/river/riverdriver/riverpgxv5", Licence: "MPL-2.0"},
	{Path: "github.com/riverqueue/river/riverdriver/riversqlite", Licence: "MPL-2.0"},
	{Path: "github.com/riverqueue/river/rivershared", Licence: "MPL-2.0"},
	{Path: "github.com/riverqueue/river/rivertype", Licence: "MPL-2.0"},
	{Path: "github.com/rs/xid", Licence: "MIT"},
	{Path: "github.com/russellhaering/gosaml2", Licence: "Apache-2.0"},
	{Path: "github.com/russellhaering/goxmldsig", Licence: "Apache-2.0"},
	{Path: "github.com/tidwall/gjson", Licence: "MIT"},
	{Path: "github.com/tidwall/match", Licence: "MIT"},
	{Path: "github.com/tidwall/pretty", Licence: "MIT"},
	{Path: "github.com/tidwall/sjson", Licence: "MIT"},
	{Path: "github.com/tinylib/msgp", Licence: "MIT"},
	{Path: "github.com/tmthrgd/go-hex", Licence: "BSD-3-Clause"},
	{Path: "github.com/uptrace/bun", Licence: "BSD-2-Clause"},
	{Path: "github.com/uptrace/bun/dialect/pgdialect", Licence: "BSD-2-Clause"},
	{Path: "github.com/uptrace/bun/dialect/sqlitedialect", Licence: "BSD-2-Clause"},
	{Path: "github.com/vmihailenco/msgpack/v5", Licence: "BSD-2-Clause"},
	{Path: "github.com/vmihailenco/tagparser/v2", Licence: "BSD-2-Clause"},
	{Path: "github.com/wneessen/go-mail", Licence: "MIT"},
	{Path: "github.com/zeebo/xxh3", Licence: "BSD-2-Clause"},
	{Path: "go.yaml.in/yaml/v3", Licence: "MIT and Apache-2.0"},
	{Path: "golang.org/x/crypto", Licence: "BSD-3-Clause"},
	{Path: "golang.org/x/net", Licence: "BSD-3-Clause"},
	{Path: "golang.org/x/oauth2", Licence: "BSD-3-Clause"},
	{Path: "golang.org/x/sync", Licence: "BSD-3-Clause"},
	{Path: "golang.org/x/sys", Licence: "BSD-3-Clause"},
	{Path: "golang.org/x/text", Licence: "BSD-3-Clause"},
	{Path: "gopkg.in/ini.v1", Licence: "Apache-2.0"},
	{Path: "modernc.org/libc", Licence: "BSD-3-Clause"},
	{Path: "modernc.org/mathutil", Licence: "BSD-3-Clause"},
	{Path: "modernc.org/memory", Licence: "BSD-3-Clause"},
	{Path: "modernc.org/sqlite", Licence: "BSD-3-Clause"},
}

// builtModules adds the versions that the running program was built with.
var builtModules = sync.OnceValue(func() []module {
	versions := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			versions[d.Path] = d.Version
		}
	}
	out := make([]module, 0, len(modules))
	for _, m := range modules {
		m.Version = versions[m.Path]
		out = append(out, m)
	}
	return out
})
