#!/usr/bin/env python3
"""Makes .tools/NAME, a virtual environment with exactly what tools/NAME-requirements.txt pins, and prints its Python.

Does nothing where the environment is there and up to date. Packages come from the index that pip's settings name, and
only those whose sha256 is listed are installed.
"""

import hashlib
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main(name):
    folder = ROOT / ".tools" / name
    pins = ROOT / "tools" / f"{name}-requirements.txt"
    python = folder / "bin" / "python3"
    stamp = folder / "pins.sha256"
    wanted = hashlib.sha256(pins.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"{name}: installing what {pins.relative_to(ROOT)} pins …", file=sys.stderr, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        run(sys.executable, "-m", "venv", str(folder))
        run(str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "--only-binary=:all:", "-r", str(pins))
        stamp.write_text(wanted)
    print(python)


def run(*command):
    """Standard output is kept for the answer."""
    if subprocess.run(command, stdout=sys.stderr).returncode != 0:
        sys.exit(
            f"python-environment: {' '.join(command[:4])} … failed; it needs the modules venv and pip.\n"
            "Behind a mirror or proxy set PIP_INDEX_URL, PIP_CERT or HTTPS_PROXY."
        )


if __name__ == "__main__":
    main(sys.argv[1])
