"""Send SMS through Alibaba Cloud and Volcengine, exactly when a person said yes and exactly once."""

__version__ = "0.1.0"
