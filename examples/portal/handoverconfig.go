package portal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/stadttor/stadttor/federation/webhook"
)

// Kinds of hand-over.
const (
	kindWebhook    = "webhook"
	kindDropFolder = "dropfolder"
)

// destinationDrop is the destination of whatever has no back office of its own.
const destinationDrop = "ablage"

// handOver says which applications go to which back office.
type handOver struct {
	// Name is what the staff calls the back office.
	Name string `json:"name"`
	// Destination is its key; what stands before a colon is the office, which is
	// part of the address for its replies.
	Destination string `json:"destination"`
	Kind        string `json:"kind"`
	// Assistants are the form assistants whose applications go there.
	Assistants []string `json:"assistants"`
	// Lookups are the registers there that assistants can ask; webhook only.
	Lookups []string `json:"lookups,omitempty"`

	Folder string `json:"folder,omitempty"` // dropfolder: an existing folder

	URL    string `json:"url,omitempty"`    // webhook
	Sender string `json:"sender,omitempty"` // webhook: whose secret it is
	// SecretEnv or SecretFile say where the shared secret is.
	SecretEnv  string `json:"secretEnv,omitempty"`
	SecretFile string `json:"secretFile,omitempty"`

	secret []byte
}

// office is the part of the destination that stands in addresses.
func (h handOver) office() string {
	office, _, _ := strings.Cut(h.Destination, ":")
	return office
}

var (
	destinationForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}(:[a-z0-9-]{1,60})?$`)
	assistantForm   = regexp.MustCompile(`^[a-z][a-z0-9-]{0,59}$`)
)

// maxHandOvers bounds the file in bytes.
const maxHandOvers = 1 << 20

// readHandOvers reads the file of PORTAL_HANDOVERS. Everything incomplete is an
// error: an application must never find out that nobody takes it.
func readHandOvers(name string, insecure bool) ([]handOver, error) {
	bad := func(format string, args ...any) error {
		return &ConfigError{"PORTAL_HANDOVERS", fmt.Sprintf(format, args...)}
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, bad("cannot be read")
	}
	defer f.Close()
	dec := json.NewDecoder(io.LimitReader(f, maxHandOvers))
	dec.DisallowUnknownFields()
	var list []handOver
	if err := dec.Decode(&list); err != nil {
		return nil, bad("is not a list of hand-overs in JSON")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, bad("goes on after its list")
	}
	if len(list) == 0 {
		return nil, bad("names no hand-over")
	}
	taken, offices := map[string]bool{}, map[string]bool{}
	for i := range list {
		h := &list[i]
		if err := h.check(filepath.Dir(name), insecure); err != nil {
			return nil, bad("entry %d: %s", i+1, err)
		}
		if h.Kind == kindWebhook && offices[h.office()] {
			return nil, bad("entry %d: the office %q is there twice", i+1, h.office())
		}
		offices[h.office()] = true
		for _, a := range append(slices.Clone(h.Assistants), h.Destination+" (destination)") {
			if taken[a] {
				return nil, bad("entry %d: %q is there twice", i+1, a)
			}
			taken[a] = true
		}
		for _, l := range h.Lookups {
			if taken["register "+l] {
				return nil, bad("entry %d: the register %q is there twice", i+1, l)
			}
			taken["register "+l] = true
		}
	}
	return list, nil
}

// check completes one entry; its errors say what is wrong, without values that
// might be secret.
func (h *handOver) check(dir string, insecure bool) error {
	switch {
	case !destinationForm.MatchString(h.Destination) || h.office() == destinationDrop:
		return errors.New("the destination needs small letters, digits and hyphens, at most one colon, and not " + destinationDrop)
	case h.Name == "":
		return errors.New("a name is needed")
	case len(h.Assistants) == 0:
		return errors.New("names no assistant")
	case slices.ContainsFunc(h.Assistants, func(a string) bool { return !assistantForm.MatchString(a) }):
		return errors.New("an assistant is not named by its id")
	}
	switch h.Kind {
	case kindDropFolder:
		return h.checkFolder()
	case kindWebhook:
		return h.checkWebhook(dir, insecure)
	}
	return errors.New("the kind must be " + kindWebhook + " or " + kindDropFolder)
}

func (h *handOver) checkFolder() error {
	if h.URL != "" || h.Sender != "" || h.SecretEnv != "" || h.SecretFile != "" || len(h.Lookups) > 0 {
		return errors.New("address, sender, secret and registers belong to a webhook")
	}
	if info, err := os.Stat(h.Folder); h.Folder == "" || err != nil || !info.IsDir() {
		return errors.New("the folder does not exist")
	}
	return nil
}

func (h *handOver) checkWebhook(dir string, insecure bool) error {
	u, err := url.Parse(h.URL)
	switch {
	case h.Folder != "":
		return errors.New("a folder belongs to a drop folder")
	case err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && (u.Scheme != "http" || !insecure)):
		return errors.New("the address must be https")
	case h.Sender == "":
		return errors.New("a sender is needed")
	case (h.SecretEnv == "") == (h.SecretFile == ""):
		return errors.New("the secret comes either from an environment variable or from a file")
	}
	secret := os.Getenv(h.SecretEnv)
	if h.SecretFile != "" {
		file := h.SecretFile
		if !filepath.IsAbs(file) {
			file = filepath.Join(dir, file)
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			return errors.New("the file with the secret cannot be read")
		}
		secret = strings.TrimSpace(string(raw))
	}
	if len(secret) < webhook.MinSecret {
		return fmt.Errorf("the secret is missing or shorter than %d bytes", webhook.MinSecret)
	}
	h.secret = []byte(secret)
	return nil
}
