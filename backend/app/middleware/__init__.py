"""What happens around every request, as pure ASGI; it knows no resource."""
