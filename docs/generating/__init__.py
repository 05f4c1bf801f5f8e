"""What `docs/make_reference.py` writes: one module for each kind of source that it reads."""
