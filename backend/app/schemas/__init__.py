"""Wire shapes: what may come in, and what goes out. Tables are made elsewhere and share only field types."""
