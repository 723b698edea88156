#!/usr/bin/env python3
"""Checks that the registries of cargo, pip and npm respond, as configured here.

    registries.py [crates] [pypi] [npm]    exit code 1 and a line if one of them can't be reached

Any response counts, also a refusal, which cargo, pip and npm will report. A setup that this does not read, such
as vendored crates, is assumed to respond.
"""

import configparser
import os
import sys
import tomllib
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SECONDS = 10


def pypi():
    """The index that pip uses, and its proxy; None if it uses none."""
    home = Path.home()
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    files = ["/etc/pip.conf", home / ".pip/pip.conf", config / "pip/pip.conf", os.environ.get("PIP_CONFIG_FILE", "")]
    read = configparser.RawConfigParser()
    read.read([file for file in files if file], encoding="utf-8")

    def value(name, otherwise=None):
        here = read.get("install", name, fallback=read.get("global", name, fallback=otherwise))
        return os.environ.get("PIP_" + name.upper().replace("-", "_")) or here

    if value("no-index"):
        return None
    return value("index-url", "https://pypi.org/simple"), value("proxy")


def crates():
    """The index that cargo uses, and its proxy; None if it uses none, or not over HTTP."""
    home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    places = [folder / ".cargo" for folder in [Path.cwd(), *Path.cwd().parents]]
    source, sources, proxy = "crates-io", {}, os.environ.get("CARGO_HTTP_PROXY")
    for file in [place / name for place in [*places, home] for name in ("config.toml", "config")]:
        if file.is_file():
            config = tomllib.loads(file.read_text(encoding="utf-8"))
            proxy = proxy or config.get("http", {}).get("proxy")
            for name, said in config.get("source", {}).items():
                sources[name] = {**said, **sources.get(name, {})}
    for _ in sources:
        source = sources.get(source, {}).get("replace-with", source)
    index = sources.get(source, {}).get("registry")
    if source == "crates-io":
        index = index or "sparse+https://index.crates.io/"
    if not (index or "").startswith("sparse+"):
        return None
    return index.removeprefix("sparse+").rstrip("/") + "/config.json", proxy


def npm():
    """The registry that npm uses, and its proxy."""

    def value(name, otherwise=None):
        given = [os.environ[key] for key in (f"npm_config_{name}", f"NPM_CONFIG_{name.upper()}") if os.environ.get(key)]
        for file in [Path("tests/validators/.npmrc"), Path.home() / ".npmrc", Path("/etc/npmrc")]:
            if file.is_file():
                lines = (line.partition("=") for line in file.read_text(encoding="utf-8").splitlines())
                given += [said.strip() for key, _, said in lines if key.strip() == name.replace("_", "-")]
        return next(iter(given), otherwise)

    return value("registry", "https://registry.npmjs.org/"), value("https_proxy")


def unreachable(asked):
    """Why there is no response; None if there is one."""
    address, proxy = asked
    handlers = [urllib.request.ProxyHandler({"http": proxy, "https": proxy})] if proxy else []
    try:
        urllib.request.build_opener(*handlers).open(address, timeout=SECONDS).close()
    except urllib.error.HTTPError:
        return None
    except urllib.error.URLError as error:
        # Cargo and pip may trust a certificate that Python does not.
        if "CERTIFICATE_VERIFY_FAILED" in str(error.reason):
            return None
        return f"{address} cannot be reached ({error.reason})"
    except OSError as error:
        return f"{address} cannot be reached ({error})"
    return None


def main(names):
    asked = [registry for registry in (globals()[name]() for name in names) if registry]
    with ThreadPoolExecutor() as pool:
        return "; ".join(filter(None, pool.map(unreachable, asked)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) or 0)
