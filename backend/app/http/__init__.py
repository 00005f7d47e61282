"""What the JSON door needs besides its routes: problems, answers, pages and the OpenAPI document.

It decides nothing about a resource.
"""
