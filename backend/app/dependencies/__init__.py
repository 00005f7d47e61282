"""What a route may ask for, as annotated types.

Each is closed by default: whoever asks for rows asks for a caller with them.
"""
