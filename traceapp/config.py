"""The settings: one frozen object, read once from the environment."""
from __future__ import annotations

import base64
import os
import secrets
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from traceapp.core.errors import Problem
from traceapp.core.web_address import service_address

PREFIX = "TRACEAPP_"


class SettingsError(Problem):
    """A setting is missing or cannot be used; the message names it and says what to do."""

    code = "settings"
    status = 500


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment decides. Secrets are never shown in a representation."""

    var_dir: Path
    database_url: str
    base_url: str = "http://127.0.0.1:8000"
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    mail_url: str = ""
    mail_from: str = "recall@localhost"
    text_url: str = ""
    text_token: str = field(default="", repr=False)
    trusted_proxies: int = 0
    development: bool = False
    prepare_threshold: int | None = 5
    lock_wait_seconds: int = 15
    upload_limit_bytes: int = 10_000_000
    import_limit_bytes: int = 50_000_000
    secret_key: str = field(default="", repr=False)
    region_header: str = ""
    regions_file: Path | None = None
    mir_xsd_dir: Path | None = None
    e2b_xsd_dir: Path | None = None
    emdr_xsd_dir: Path | None = None
    vault_key: str = field(default="", repr=False)
    code_keys: str = field(default="", repr=False)
    metrics_token: str = field(default="", repr=False)

    @property
    def is_https(self) -> bool:
        return urlsplit(self.base_url).scheme == "https"

    @property
    def attachment_dir(self) -> Path:
        return self.var_dir / "attachments"

    @property
    def print_dir(self) -> Path:
        """Where the files of print jobs are, for a week."""
        return self.var_dir / "prints"

    @property
    def records_dir(self) -> Path:
        """Where files of records and archives of recalls that were made in the background are, for a week."""
        return self.var_dir / "records"

    @property
    def import_dir(self) -> Path:
        """Where tables that are to be imported are, until a month after their end."""
        return self.var_dir / "tables"

    def require_secrets(self) -> Settings:
        """These settings, when both secrets are there. Raises SettingsError naming the one that is missing."""
        for name in ("secret_key", "vault_key"):
            if not getattr(self, name):
                raise SettingsError(
                    "%(variable)s is not set. Set it (or put it into %(file)s, mode 0600), "
                    "or start with `python3 dev.py run`, which makes one.",
                    place=PREFIX + name.upper(), variable=PREFIX + name.upper(), file=self.var_dir / name,
                )
        return self

    def with_local_secrets(self) -> Settings:
        """These settings with secrets written under the var directory where there were none (mode 0600)."""
        return replace(self, secret_key=self.secret_key or _local_secret(self.var_dir / "secret_key"),
                       vault_key=self.vault_key or _local_secret(self.var_dir / "vault_key"),
                       code_keys=self.code_keys or _local_secret(self.var_dir / "code_keys"))


def _local_secret(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    text = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode("ascii")
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text + "\n")
    return text


def _number(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name, "").strip()
    if not text:
        return default
    try:
        return int(text)
    except ValueError:
        raise SettingsError("%(name)s must be a whole number; it is “%(text)s”.", place=name, name=name,
                            text=text) from None


def _secret(environ: Mapping[str, str], name: str, var_dir: Path) -> str:
    text = environ.get(PREFIX + name.upper(), "").strip()
    if text:
        return text
    path = _file(environ, PREFIX + name.upper() + "_FILE") or var_dir / name
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""


def _gateway(url: str) -> str:
    """The address of the gateway for text messages. Raises SettingsError for one that cannot be used."""
    try:
        return url and service_address(url).geturl()
    except ValueError as error:
        raise SettingsError("TRACEAPP_TEXT_URL cannot be used: %(why)s.", place=PREFIX + "TEXT_URL",
                            why=str(error)) from None


def _file(environ: Mapping[str, str], variable: str) -> Path | None:
    """The file that a setting names; None when it is not set. Raises SettingsError for one that is not there."""
    text = environ.get(variable, "").strip()
    if text and not Path(text).is_file():
        raise SettingsError("%(variable)s names the file %(file)s, which is not there.", place=variable,
                            variable=variable, file=text)
    return Path(text) if text else None


def _folder(environ: Mapping[str, str], variable: str) -> Path | None:
    """The folder that a setting names; None when it is not set. Raises SettingsError for one that is not there."""
    text = environ.get(variable, "").strip()
    if text and not Path(text).is_dir():
        raise SettingsError("%(variable)s names the folder %(file)s, which is not there.", place=variable,
                            variable=variable, file=text)
    return Path(text) if text else None


def lan_address() -> str | None:
    """This machine's address in its own network, None where there is no network.

    A datagram socket that is connected, to an address that nobody has, shows which address would be used; nothing is
    sent. Source: RFC 5737 keeps 192.0.2.0/24 for documentation.
    """
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.1", 9))
            found = str(probe.getsockname()[0])
    except OSError:
        return None
    return None if found.startswith(("127.", "0.")) else found


def reachable_host(host: str, lan: Callable[[], str | None] = lan_address) -> str:
    """The host that codes and links carry when TRACEAPP_BASE_URL is not set.

    A server that listens everywhere is named by its address in the network, so that a phone there can open the
    codes; one that listens on one address by that address.
    """
    if host in ("0.0.0.0", "::"):  # noqa: S104
        return lan() or "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process. Raises SettingsError for a value that cannot be used."""
    env = os.environ if environ is None else environ
    var_dir = Path(env.get(PREFIX + "VAR_DIR") or "var").resolve()
    host = env.get(PREFIX + "HOST") or env.get("HOST") or "127.0.0.1"
    port = _number(env, PREFIX + "PORT", _number(env, "PORT", 8000))
    base_url = (env.get(PREFIX + "BASE_URL") or f"http://{reachable_host(host)}:{port}").rstrip("/")
    if urlsplit(base_url).scheme not in ("http", "https") or not urlsplit(base_url).hostname:
        raise SettingsError("TRACEAPP_BASE_URL must be an http or https address; it is “%(text)s”.",
                            place=PREFIX + "BASE_URL", text=base_url)
    threshold = env.get(PREFIX + "PREPARE_THRESHOLD", "5").strip()
    return Settings(
        var_dir=var_dir,
        database_url=env.get(PREFIX + "DATABASE_URL") or f"sqlite:///{var_dir / 'traceapp.db'}",
        base_url=base_url,
        host=host,
        port=port,
        workers=_number(env, PREFIX + "WORKERS", 1),
        mail_url=env.get(PREFIX + "MAIL_URL", ""),
        mail_from=env.get(PREFIX + "MAIL_FROM", "recall@localhost"),
        text_url=_gateway(env.get(PREFIX + "TEXT_URL", "").strip()),
        text_token=_secret(env, "text_token", var_dir),
        trusted_proxies=_number(env, PREFIX + "TRUSTED_PROXIES", 0),
        development=env.get(PREFIX + "DEVELOPMENT", "") == "1",
        prepare_threshold=None if threshold in ("", "none") else int(threshold),
        lock_wait_seconds=_number(env, PREFIX + "LOCK_WAIT_SECONDS", 15),
        upload_limit_bytes=_number(env, PREFIX + "UPLOAD_LIMIT_BYTES", 10_000_000),
        import_limit_bytes=_number(env, PREFIX + "IMPORT_LIMIT_BYTES", 50_000_000),
        region_header=env.get(PREFIX + "REGION_HEADER", "").strip(),
        regions_file=_file(env, PREFIX + "REGIONS_FILE"),
        mir_xsd_dir=_folder(env, PREFIX + "MIR_XSD_DIR"),
        e2b_xsd_dir=_folder(env, PREFIX + "E2B_XSD_DIR"),
        emdr_xsd_dir=_folder(env, PREFIX + "EMDR_XSD_DIR"),
        secret_key=_secret(env, "secret_key", var_dir),
        vault_key=_secret(env, "vault_key", var_dir),
        code_keys=_secret(env, "code_keys", var_dir),
        metrics_token=_secret(env, "metrics_token", var_dir),
    )
