"""Generate the clients' code from the contract. The only caller of protoc.

Run it after a change of `gradwire/v1/*.proto`; what it writes is committed. `--check` generates anew and compares
bytes, `--lint` checks the contract's style with buf. The generators are pinned in `pyproject.toml`, extra `dev`, since
another version may write other bytes: `grpcio-tools` (messages and services), `mypy-protobuf` (their types); `buf-bin`
is buf.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import sysconfig
import tempfile
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc

PROTO = Path(__file__).resolve().parent
PYTHON = PROTO.parent / "clients" / "python"
SCRIPTS = Path(sysconfig.get_path("scripts"))
"""Where this interpreter's packages put their programs."""


def generate(target: Path) -> None:
    """Write the Python code of every file of the contract below a folder.

    Args:
        target: the folder that becomes the parent of `gradwire/v1`.

    Raises: SystemExit when protoc fails; it has then said why on stderr.
    """
    messages = sorted(path.relative_to(PROTO).as_posix() for path in PROTO.glob("gradwire/**/*.proto"))
    services = [path for path in messages if path.endswith("_service.proto")]
    run_protoc("python", "mypy", target, messages)
    run_protoc("grpc_python", "mypy_grpc", target, services)


def run_protoc(generator: str, types: str, target: Path, sources: list[str]) -> None:
    """Run a generator of code, which is part of grpcio-tools, and one of types, which is a program.

    Raises: SystemExit when protoc fails.
    """
    arguments = [
        "protoc",
        f"--proto_path={PROTO}",
        f"--proto_path={files('grpc_tools') / '_proto'}",  # google/protobuf
        f"--plugin=protoc-gen-{types}={SCRIPTS / f'protoc-gen-{types}'}",
        f"--{generator}_out={target}",
        f"--{types}_out=quiet:{target}",
        *sources,
    ]
    if status := protoc.main(arguments):
        raise SystemExit(status)


def generated(folder: Path) -> dict[str, bytes]:
    """Return the generated files below a folder, by their paths in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.glob("gradwire/v1/*_pb2*"))
        if path.suffix in {".py", ".pyi"}
    }


def stale() -> list[str]:
    """Return the paths of generated files that are missing, superfluous, or not what the contract gives."""
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        expected = generated(Path(folder))
    present = generated(PYTHON)
    return sorted(path for path in expected.keys() | present.keys() if expected.get(path) != present.get(path))


def check() -> int:
    """Name the files that are not fresh on stderr; return the exit status."""
    paths = stale()
    for path in paths:
        print(f"stale: {(PYTHON / path).relative_to(PROTO.parent)}", file=sys.stderr)
    if paths:
        print("Run `make proto`, and commit what it writes.", file=sys.stderr)
    return 1 if paths else 0


def lint() -> int:
    """Check style and layout of the contract with buf, which says on stdout what is wrong; return the exit status."""
    commands = (["lint"], ["format", "--diff", "--exit-code"])
    return max(subprocess.run([SCRIPTS / "buf", *command, str(PROTO)], check=False).returncode for command in commands)


def main() -> int:
    """Do what the command line says; return the exit status."""
    parser = argparse.ArgumentParser(description="Generate the clients' code from the contract.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the generated code is not fresh")
    parser.add_argument("--lint", action="store_true", help="write nothing; check the style of the contract with buf")
    options = parser.parse_args()
    if options.lint or options.check:
        return max(lint() if options.lint else 0, check() if options.check else 0)
    for path in generated(PYTHON):
        (PYTHON / path).unlink()  # of a file that is no longer in the contract, nothing remains
    generate(PYTHON)
    return 0


if __name__ == "__main__":
    sys.exit(main())
