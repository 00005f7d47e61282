"""The tools of those who make programs from the OpenAPI document, tried on it; `make test-clients` installs them."""
