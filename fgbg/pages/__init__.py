"""HTML pages that need no other file: one look, pictures embedded, no scripts."""
