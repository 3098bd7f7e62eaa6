"""A stand-in for the `aliyun` CLI and its dysmsapi plugin: no network, no account, the behaviour that was measured."""
