package portal_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stadttor/stadttor/examples/portal"
)

func TestConfigNamesEveryProblem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		cfg  portal.Config
		want []string
	}{
		{"mode", portal.Config{Mode: "test"}, []string{"PORTAL_MODE"}},
		{"addresses", portal.Config{Listen: "8080", PublicURL: "ftp://x", SimListen: "nowhere"}, []string{"PORTAL_LISTEN", "PORTAL_PUBLIC_URL", "PORTAL_SIM_LISTEN"}},
		{"address with a path", portal.Config{PublicURL: "https://x.example/portal"}, []string{"PORTAL_PUBLIC_URL"}},
		{"production without anything", portal.Config{Mode: portal.Production}, []string{"PORTAL_PUBLIC_URL", "PORTAL_BUNDID_METADATA", "PORTAL_STAFF_ISSUER", "PORTAL_STAFF_CLIENT", "PORTAL_STAFF_SECRET", "PORTAL_SMTP", "PORTAL_ONLINE_SERVICE_ID"}},
		{"production over http and with simulators", portal.Config{Mode: portal.Production, PublicURL: "http://portal.example", SimListen: "localhost:9000",
			StaffIssuer: "http://op.example", BundIDMetadata: "x", StaffClient: "x", StaffSecret: "x", SMTP: "x:25", OnlineServiceID: "BMI-A1234"},
			[]string{"PORTAL_PUBLIC_URL", "PORTAL_STAFF_ISSUER", "PORTAL_SIM_LISTEN"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.cfg.Data = t.TempDir()
			p, err := portal.New(t.Context(), c.cfg)
			if err == nil {
				p.Close()
				t.Fatal("was taken")
			}
			var one *portal.ConfigError
			if !errors.As(err, &one) {
				t.Fatalf("got %v", err)
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w+" ") {
					t.Errorf("%s is not named in: %v", w, err)
				}
			}
			if got := strings.Count(err.Error(), "PORTAL_"); got != len(c.want) {
				t.Errorf("%d problems, want %d: %v", got, len(c.want), err)
			}
		})
	}
}
