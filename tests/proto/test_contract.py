"""The contract as files: it is fresh, whole, and says of every part what it means."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    ServiceDescriptorProto,
)
from google.protobuf.message import Message

from gradwire import v1 as pb
from gradwire_service.errors import GradwireError

PROTO = Path(__file__).parents[2] / "proto"

METHODS = {
    "DifferentiationService": {
        "RegisterGraph": "unary",
        "DescribeGraph": "unary",
        "DifferentiateGraph": "unary",
        "Evaluate": "unary",
        "EvaluateStream": "both stream",
        "Prepare": "unary",
        "CheckGradient": "unary",
        "CompareBackends": "responses stream",
    },
    "OptimizationService": {
        "Step": "unary",
        "Minimize": "responses stream",
        "Search": "both stream",
        "CreateTrainingJob": "unary",
        "GetTrainingJob": "unary",
        "ListTrainingJobs": "unary",
        "WatchTrainingJob": "responses stream",
        "PauseTrainingJob": "unary",
        "ResumeTrainingJob": "unary",
        "CancelTrainingJob": "unary",
        "DeleteTrainingJob": "unary",
    },
    "TensorService": {"PutTensor": "requests stream", "GetTensor": "responses stream", "DeleteTensor": "unary"},
    "CatalogService": {
        "ListOps": "unary",
        "ListBackends": "unary",
        "ListOptimizers": "unary",
        "GetServerInfo": "unary",
    },
}

CODES = {
    "INVALID_ARGUMENT",
    "FAILED_PRECONDITION",
    "NOT_FOUND",
    "ABORTED",
    "DATA_LOSS",
    "UNIMPLEMENTED",
    "CANCELLED",
    "DEADLINE_EXCEEDED",
    "RESOURCE_EXHAUSTED",
    "UNAVAILABLE",
    "UNAUTHENTICATED",
    "PERMISSION_DENIED",
    "INTERNAL",
}


@cache
def contract() -> Sequence[FileDescriptorProto]:
    """Return the files of the contract with their comments."""
    with TemporaryDirectory() as folder:
        target = Path(folder) / "contract"
        sources = sorted(path.relative_to(PROTO).as_posix() for path in PROTO.glob("gradwire/**/*.proto"))
        paths = [f"--proto_path={PROTO}", f"--proto_path={files('grpc_tools') / '_proto'}"]
        flags = ["--include_source_info", f"--descriptor_set_out={target}"]
        subprocess.run([sys.executable, "-m", "grpc_tools.protoc", *paths, *flags, *sources], check=True)
        return FileDescriptorSet.FromString(target.read_bytes()).file


PARTS: dict[type[Message], tuple[str, ...]] = {
    FileDescriptorProto: ("message_type", "enum_type", "service"),
    DescriptorProto: ("field", "oneof_decl", "nested_type", "enum_type"),
    EnumDescriptorProto: ("value",),
    ServiceDescriptorProto: ("method",),
}


def elements(owner: Message, name: str = "", place: tuple[int, ...] = ()) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield name and place of everything inside a file, message, enum or service that an author wrote."""
    for part in PARTS.get(type(owner), ()):
        for i, element in enumerate(getattr(owner, part)):
            made_by_protoc = element.name.startswith("_") or element.name.endswith("Entry")  # `optional`, `map`
            if not made_by_protoc:
                inner = f"{name}.{element.name}".lstrip("."), (*place, owner.DESCRIPTOR.fields_by_name[part].number, i)
                yield inner
                yield from elements(element, *inner)


def comments(file: FileDescriptorProto) -> dict[str, str]:
    """Return the comment before every element of a file, by name; empty where there is none."""
    found = {tuple(place.path): place.leading_comments.strip() for place in file.source_code_info.location}
    return {name: found[place] for name, place in elements(file)}


def run_generate(flag: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(PROTO / "generate.py"), flag]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_generated_code_is_what_the_contract_gives() -> None:
    result = run_generate("--check")
    assert result.returncode == 0, result.stderr


def test_contract_has_the_style_of_buf() -> None:
    result = run_generate("--lint")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("name", METHODS)
def test_service_has_the_methods_of_the_design(name: str) -> None:
    kinds = {(False, False): "unary", (True, False): "requests stream", (False, True): "responses stream"}
    (service,) = (service for file in contract() for service in file.service if service.name == name)
    found = {
        method.name: kinds.get((method.client_streaming, method.server_streaming), "both stream")
        for method in service.method
    }
    assert found == METHODS[name]


def test_no_service_is_beyond_the_design() -> None:
    assert {service.name for file in contract() for service in file.service} == set(METHODS)


def test_every_element_says_what_it_means() -> None:
    all_comments = {name: text for file in contract() for name, text in comments(file).items()}
    assert len(all_comments) > 500
    assert not [name for name, text in all_comments.items() if not text]
    assert not [name for name, text in all_comments.items() if not text.endswith((".", ":"))]


def test_error_reasons_are_unique() -> None:
    names = [name.removeprefix("ERROR_REASON_") for name in pb.ErrorReason.keys()]  # noqa: SIM118  # not a dict
    assert len(names) == len(set(names))
    assert len(pb.ErrorReason.values()) == len(set(pb.ErrorReason.values()))


def documented_codes() -> dict[str, str]:
    """Return the canonical code that the contract documents for each reason."""
    (file,) = (file for file in contract() if file.name.endswith("error_reason.proto"))
    prefix = "ErrorReason.ERROR_REASON_"
    texts = {name.removeprefix(prefix): text for name, text in comments(file).items() if name.startswith(prefix)}
    return {reason: text.split(":")[0] for reason, text in texts.items() if reason != "UNSPECIFIED"}


def test_every_error_reason_tells_its_canonical_code() -> None:
    assert {reason: code for reason, code in documented_codes().items() if code not in CODES} == {}


def errors() -> Iterator[type[GradwireError]]:
    todo: list[type[GradwireError]] = [GradwireError]
    while todo:
        error = todo.pop()
        yield error
        todo += error.__subclasses__()


def test_every_error_of_the_service_is_in_the_contract_under_the_same_code() -> None:
    codes = documented_codes()
    raised = {error.reason: error.code for error in errors() if error.__module__ == "gradwire_service.errors"}
    assert raised == {reason: codes.get(reason) for reason in raised}
