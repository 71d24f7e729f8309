package assistant

func compose(s string) string { return s }
