"""Alibaba Cloud SMS (dysmsapi 2017-05-25) through the `aliyun` CLI."""
