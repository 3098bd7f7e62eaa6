"""The stand-in for Volcengine's SMS API: an HTTP server on loopback: started, not imported."""
