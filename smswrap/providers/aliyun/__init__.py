"""The provider `aliyun`: Alibaba Cloud's dysmsapi through the `aliyun` CLI; `providers.base` alone enters."""

from smswrap.providers.aliyun.mark import recover

__all__ = ["recover"]
