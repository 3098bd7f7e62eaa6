"""The stand-in `aliyun`: the CLI 3.4.11 and its dysmsapi plugin as far as smswrap calls them; started, not imported."""
