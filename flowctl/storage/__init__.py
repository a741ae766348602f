"""The SQL, by noun, and the migrations."""
