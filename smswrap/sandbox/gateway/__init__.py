"""A stand-in for Volcengine's SMS API: the Bearer gateway and the signed API, on loopback. It imports nothing else."""
