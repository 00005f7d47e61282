"""Random walks over the API, held against simple models: what example tests had excused, these find."""
