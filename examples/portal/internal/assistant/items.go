package assistant

import (
	"maps"
	"slices"
	"strconv"
	"time"
)

// NewItem adds an empty item to the group of the step and returns its id. A full
// list gives [CodeTooMany]. The item counts as incomplete until its required
// questions are answered: a page that must not leave an empty item behind adds
// and applies in one go and stores only the result.
func (d *Definition) NewItem(a Answers, step string, now time.Time) (Answers, string, []FieldError) {
	a = d.prune(a, now)
	st := d.Step(step)
	if st == nil || st.Group == nil || !scopeOf(a, nil, now).holds(st.When) {
		return a, "", gone(step, "", "")
	}
	g := st.Group
	if len(a.Groups[g.ID]) >= g.Max {
		return a, "", []FieldError{{Step: step, Field: g.ID, Code: CodeTooMany, Params: params("max", g.Max)}}
	}
	a.LastItem++
	id := strconv.Itoa(a.LastItem)
	a.Groups[g.ID] = append(a.Groups[g.ID], Item{ID: id, Values: map[string]Answer{}})
	return a, id, nil
}

// RemoveItem removes an item with its answers. Removing one that is not there
// changes nothing. Fewer items than the minimum are reported by
// [Definition.Apply] and [Definition.Complete], not here, so that the only item
// can be removed and entered anew.
func (d *Definition) RemoveItem(a Answers, step, item string, now time.Time) Answers {
	a = d.prune(a, now)
	st := d.Step(step)
	if st == nil || st.Group == nil {
		return a
	}
	if _, at := a.Item(st.Group.ID, item); at >= 0 {
		a.Groups[st.Group.ID] = slices.Delete(a.Groups[st.Group.ID], at, at+1)
	}
	return d.prune(a, now)
}

// AddFile adds an uploaded file to a visible file field; a refused file leaves
// the answers as they were. The media type and size must come from the stored
// bytes. A file id that is already there is replaced.
func (d *Definition) AddFile(a Answers, at FilePlace, file File, now time.Time) (Answers, []FieldError) {
	a = d.prune(a, now)
	f, values := d.fileField(a, at, now)
	if f == nil {
		return a, []FieldError{{Step: at.Step, Item: at.Item, Field: at.Field, Code: CodeGone}}
	}
	v := values[f.ID]
	files := slices.DeleteFunc(slices.Clone(v.Files), func(o File) bool { return o.ID == file.ID })
	name, p := clean(file.Name, false)
	file.Name = name
	files = append(files, file)
	if p == nil {
		p = f.checkFiles(files)
	}
	if p != nil {
		return a, []FieldError{{Step: at.Step, Item: at.Item, Field: at.Field, Code: p.code, Params: p.params}}
	}
	v.Kind, v.Files, v.Origin = KindFiles, files, Origin{Source: Typed, At: stamp(now)}
	values[f.ID] = v
	return d.prune(a, now), nil
}

// FilePlace names a file field.
type FilePlace struct {
	Step, Item, Field string // Item is "" outside a group
}

// RemoveFile removes the file with the id; one that is not there changes nothing.
func (d *Definition) RemoveFile(a Answers, at FilePlace, id string, now time.Time) Answers {
	a = d.prune(a, now)
	f, values := d.fileField(a, at, now)
	if f == nil {
		return a
	}
	v := values[f.ID]
	v.Files = slices.DeleteFunc(slices.Clone(v.Files), func(o File) bool { return o.ID == id })
	if len(v.Files) == 0 {
		delete(values, f.ID)
	} else {
		values[f.ID] = v
	}
	return d.prune(a, now)
}

// fileField finds a visible file field and the map that holds its answer.
func (d *Definition) fileField(a Answers, at FilePlace, now time.Time) (*Field, map[string]Answer) {
	st := d.Step(at.Step)
	if st == nil || !scopeOf(a, nil, now).holds(st.When) {
		return nil, nil
	}
	values, sc := a.Values, scopeOf(a, nil, now)
	if st.Group != nil {
		it, i := a.Item(st.Group.ID, at.Item)
		if i < 0 {
			return nil, nil
		}
		values, sc = it.Values, scopeOf(a, it.Values, now)
	}
	f := st.Field(at.Field)
	if f == nil || f.Type != TypeFile || !sc.holds(f.When) {
		return nil, nil
	}
	return f, values
}

func (f *Field) checkFiles(files []File) *fault {
	if n := f.FileCount(); len(files) > n {
		return &fault{CodeTooMany, params("max", n)}
	}
	types := f.FileTypes()
	for _, file := range files {
		if !slices.Contains(types, file.MediaType) {
			return &fault{CodeFileType, params("accept", joinTypes(types))}
		}
		if file.Size < 0 || file.Size > f.FileBytes() {
			return &fault{CodeFileTooBig, params("max", f.FileBytes())}
		}
	}
	return nil
}

func joinTypes(types []string) string {
	names := map[string]string{"application/pdf": "PDF", "image/jpeg": "JPEG", "image/png": "PNG",
		"image/tiff": "TIFF", "image/heic": "HEIC", "text/plain": "TXT"}
	out := map[string]bool{}
	for _, t := range types {
		n, ok := names[t]
		if !ok {
			n = t
		}
		out[n] = true
	}
	s := ""
	for _, n := range slices.Sorted(maps.Keys(out)) {
		if s != "" {
			s += ", "
		}
		s += n
	}
	return s
}
