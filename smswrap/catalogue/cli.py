"""Errors of the aliyun CLI and its plugins themselves, keyed by how their text begins.

The CLI gives its own errors no codes. The texts come from the facts sheet (Part 2: source of v3.4.11 and runs of 3.3.3
and 3.4.11) and the `SDK.…` codes from the client errors of the SDK that the CLI is built with. The sentences are ours.
Texts that start with a name or a number of the user's cannot be told by their beginning and are not here.
"""

from __future__ import annotations

from typing import Final

from smswrap.catalogue.entry import RECEIPT_FIRST, rows

_REGION: Final = (
    "Give the profile a region (mostly cn-hangzhou) with `aliyun configure`, or set ALIBABA_CLOUD_REGION_ID, "
    "or pass --region."
)
_KEYS: Final = (
    "Save an AccessKey with `aliyun configure`, or set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET."
)
_PLUGIN: Final = "Run `aliyun plugin install --names dysmsapi`, then the command again."
_UPDATE_CLI: Final = "Update the aliyun CLI to 3.3.3 or newer and run `smswrap doctor`."
_NETWORK: Final = "Check that the machine reaches aliyuncli.alicdn.com; an installed plugin works without it."
_BY_HAND: Final = "Run `smswrap doctor`; if all is well there, report the command line to the maintainers of smswrap."

_SETUP: Final = rows(
    "cli",
    "setup",
    "never",
    (
        ("region can't be empty", "The CLI has no region; it asks for one before it looks at the keys.", _REGION),
        (
            "unknown profile*",
            "The CLI's configuration has no profile of that name.",
            "Run `aliyun configure list` to see the profiles and name one of them with --profile.",
        ),
        (
            "load current configuration failed*",
            "The CLI cannot read its config.json, and exits 0 without an answer.",
            "Mend ~/.aliyun/config.json, or move it away and run `aliyun configure`.",
        ),
        (
            "load configuration failed*",
            "The CLI has no config.json to show; keys in the environment are not in it.",
            "Run `aliyun configure`, or go on with keys in the environment.",
        ),
        (
            "fail to set configuration: region can't be empty",
            "The CLI saves a setting only into a profile with a region and keys.",
            "Set ALIBABA_CLOUD_CLI_PLUGIN_AUTO_INSTALL=true instead, which needs no saved profile.",
        ),
        ("fail to set configuration*", "The CLI could not save a setting because its profile is incomplete.", _REGION),
        ("'dysmsapi' is not a valid built-in product*", "The dysmsapi plugin is not installed.", _PLUGIN),
        (
            "'dysmsapi' is not a valid product*",
            "The dysmsapi plugin is not installed and the list of plugins cannot be reached, or the CLI is too old.",
            f"{_UPDATE_CLI} {_NETWORK}",
        ),
        (
            "plugin aliyun-cli-dysmsapi not found*",
            "The list of plugins has no dysmsapi or cannot be reached.",
            _NETWORK,
        ),
        ("plugin dysmsapi not found*", "The list of plugins has no dysmsapi or cannot be reached.", _NETWORK),
        ("failed to get plugin index*", "The list of plugins cannot be reached.", _NETWORK),
        (
            "failed to resolve plugin binary path*",
            "The dysmsapi plugin is listed as installed but its program is missing.",
            _PLUGIN,
        ),
        (
            "failed to read user input: EOF",
            "The CLI asked whether to install a plugin and nobody could answer.",
            _PLUGIN,
        ),
        ("invalid flag*", "The CLI does not know one of the options it was given.", _UPDATE_CLI),
        ("command missing", "`aliyun plugin` was called without a command it knows.", _UPDATE_CLI),
        ("required flags missing*", "The plugin was not given all the options it needs.", _BY_HAND),
        ("unknown field*", "The plugin does not know one of the fields it was given.", _BY_HAND),
        (
            "SDK.CanNotResolveEndpoint",
            "The CLI does not know the address of the service for this region.",
            _REGION,
        ),
        ("SDK.UnsupportedCredential", "The CLI cannot use the kind of credentials that the profile names.", _KEYS),
        ("SDK.*", "The CLI's SDK failed before it had an answer from the provider.", _BY_HAND),
    ),
)

_CREDENTIALS: Final = rows(
    "cli",
    "credentials",
    "never",
    (("access_key_id is not configured*", "The CLI's profile holds no AccessKey.", _KEYS),),
)

# A request that was on its way when one of these came may have been carried out.
_UNKNOWN: Final = rows(
    "cli",
    "unknown",
    "after-receipt",
    (
        ('Get "*', "The call to the provider broke off or had no answer in time.", RECEIPT_FIRST),
        ("context deadline exceeded*", "The provider did not answer in time.", RECEIPT_FIRST),
        ("SDK.JsonUnmarshalError", "The CLI could not read the provider's answer.", RECEIPT_FIRST),
        (
            "SDK.ServerError",
            "The provider answered with an error whose own code stands in the line ErrorCode.",
            "Read the line ErrorCode of the CLI's message and run `smswrap explain` with that code.",
        ),
        ("SDK.ClientError", "The CLI's SDK failed while it talked to the provider.", RECEIPT_FIRST),
    ),
)

# Our own words for what the CLI tells in text alone; `error.code` of the envelope shows them.
_SETUP_WORDS: Final = rows(
    "cli",
    "setup",
    "never",
    (
        ("cli.not-started", "The aliyun CLI could not be started.", "Run `aliyun version` by hand; install it anew."),
        (
            "cli.config-unreadable",
            "The CLI could not read its config.json, did nothing, and exited 0 all the same.",
            "Mend ~/.aliyun/config.json, or move it away and run `aliyun configure`.",
        ),
        ("cli.region-missing", "The CLI has no region; it asks for one before it looks at the keys.", _REGION),
        (
            "cli.mode-unknown",
            "The profile names a mode that the CLI does not know.",
            "Run `aliyun configure` for the profile; `smswrap doctor` names the modes.",
        ),
        ("cli.plugin-missing", "The dysmsapi plugin is not there, or was just being replaced.", _PLUGIN),
        ("cli.flags-refused", "The CLI or its plugin does not know an option that it was given.", _UPDATE_CLI),
    ),
)
_CREDENTIALS_WORDS: Final = rows(
    "cli",
    "credentials",
    "never",
    (
        (
            "cli.profile-unknown",
            "The CLI's configuration has no profile of that name.",
            "Run `aliyun configure list` to see the profiles and name one of them with --profile.",
        ),
        ("cli.credentials-missing", "The CLI has no AccessKey to sign the request with.", _KEYS),
        (
            "cli.credentials-failed",
            "The CLI could not get the credentials that the profile describes; it asked nobody to send anything.",
            "Check the role, the sign-in or the program that the profile names with `aliyun configure list`.",
        ),
        (
            "cli.safety-policy",
            "The CLI's own safety policy stops this call: a person set it, and only a person may change it.",
            "Ask whoever set it, in ~/.aliyun/safety-policy.json or in ALIBABA_CLOUD_SAFETY_POLICY_RULES.",
        ),
    ),
)
_REACH_WORDS: Final = rows(
    "cli",
    "unavailable",
    "later",
    (
        (
            "cli.unreachable",
            "The connection to the provider was never made, so the request was not.",
            "Check network, proxy and DNS of this machine, then run the command again.",
        ),
    ),
)
_UNKNOWN_WORDS: Final = rows(
    "cli",
    "unknown",
    "after-receipt",
    (
        ("cli.timeout", "The provider did not answer in time; the request may have been carried out.", RECEIPT_FIRST),
        ("cli.connection-lost", "The connection broke after the request had gone out.", RECEIPT_FIRST),
        ("cli.killed", "The CLI was ended by a signal before it had told its result.", RECEIPT_FIRST),
        ("cli.no-reply", "The CLI ended without a reply that could be read.", RECEIPT_FIRST),
    ),
)

ROWS: Final = _SETUP + _CREDENTIALS + _UNKNOWN + _SETUP_WORDS + _CREDENTIALS_WORDS + _REACH_WORDS + _UNKNOWN_WORDS
