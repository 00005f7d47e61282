"""What any product could use; nothing here knows the word task."""
