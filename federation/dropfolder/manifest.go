package dropfolder

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stadttor/stadttor/federation"
)

// Manifest is the content of manifest.json.
type Manifest struct {
	// Format is the version of this layout, 1.
	Format int `json:"format"`
	// Receipt is the name of the folder and the id of the receipt.
	Receipt string `json:"receipt"`
	// Key is the stable key of the delivery; the same key is the same
	// delivery.
	Key         string    `json:"key"`
	Destination string    `json:"destination"`
	Subject     string    `json:"subject,omitempty"`
	Reference   string    `json:"reference,omitempty"`
	CreatedAt   time.Time `json:"createdAt"`
	WrittenAt   time.Time `json:"writtenAt"`
	Payload     File      `json:"payload"`
	Attachments []File    `json:"attachments"`
}

// File describes one file of a delivery.
type File struct {
	// Path is relative to the folder, with forward slashes.
	Path string `json:"path"`
	// Name is the name the sender gave; it is foreign input.
	Name      string `json:"name,omitempty"`
	MediaType string `json:"mediaType"`
	SHA256    string `json:"sha256"`
	Size      int64  `json:"size"`
}

// FolderName returns the name of the folder for a delivery's key.
func FolderName(key string) string {
	sum := sha256.Sum256([]byte("stadttor/federation/dropfolder\x00" + key))
	return hex.EncodeToString(sum[:])
}

func (m Manifest) receipt() federation.Receipt {
	return federation.Receipt{ID: m.Receipt, At: m.WrittenAt}
}

// manifest describes d as it will be written.
func (t *Transport) manifest(d federation.Delivery) Manifest {
	sum := sha256.Sum256(d.Payload.Body)
	m := Manifest{
		Format: 1, Receipt: FolderName(d.Key), Key: d.Key, Destination: d.Destination,
		Subject: d.Subject, Reference: d.Reference,
		CreatedAt: d.CreatedAt.UTC(), WrittenAt: t.now().UTC().Truncate(time.Microsecond),
		Payload: File{Path: "payload" + extension(d.Payload.MediaType), MediaType: d.Payload.MediaType,
			SHA256: hex.EncodeToString(sum[:]), Size: int64(len(d.Payload.Body))},
		Attachments: []File{},
	}
	for i, p := range d.Attachments {
		m.Attachments = append(m.Attachments, File{
			Path: fmt.Sprintf("attachments/%04d%s", i+1, extension(p.MediaType)),
			Name: p.Name, MediaType: p.MediaType, SHA256: p.SHA256, Size: p.Size})
	}
	return m
}

// extension knows the types a back office meets; a table, because the system's
// own differs from machine to machine.
func extension(mediaType string) string {
	base, _, _ := strings.Cut(mediaType, ";")
	switch base = strings.ToLower(strings.TrimSpace(base)); base {
	case "application/json":
		return ".json"
	case "application/xml", "text/xml":
		return ".xml"
	case "application/pdf":
		return ".pdf"
	case "image/jpeg":
		return ".jpg"
	case "image/png":
		return ".png"
	case "image/tiff":
		return ".tif"
	case "text/plain":
		return ".txt"
	case "text/csv":
		return ".csv"
	}
	if strings.HasSuffix(base, "+json") {
		return ".json"
	}
	if strings.HasSuffix(base, "+xml") {
		return ".xml"
	}
	return ".bin"
}

func (m Manifest) sameContent(n Manifest) bool {
	if m.Key != n.Key || m.Payload.SHA256 != n.Payload.SHA256 || len(m.Attachments) != len(n.Attachments) {
		return false
	}
	for i := range m.Attachments {
		if m.Attachments[i].SHA256 != n.Attachments[i].SHA256 {
			return false
		}
	}
	return true
}

// ParseManifest reads a manifest.json.
func ParseManifest(raw []byte) (Manifest, error) {
	var m Manifest
	if err := json.Unmarshal(raw, &m); err != nil {
		return Manifest{}, fmt.Errorf("dropfolder: manifest: %w", err)
	}
	if m.Format != 1 || m.Receipt != FolderName(m.Key) {
		return Manifest{}, errors.New("dropfolder: manifest is not of this format")
	}
	m.CreatedAt, m.WrittenAt = m.CreatedAt.UTC(), m.WrittenAt.UTC()
	return m, nil
}

func (m Manifest) encode() ([]byte, error) {
	raw, err := json.MarshalIndent(m, "", "  ")
	return append(raw, '\n'), err
}
