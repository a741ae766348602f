"""The formats trucks speak: one module each, bytes in, fixes in columns out."""
