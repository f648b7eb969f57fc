"""How Ieum is run: images, proxies, and the stack without Docker."""
