"""What a server tells about itself: ops, backends, optimizers, versions, limits; health and reflection."""

from __future__ import annotations

import time
from typing import Any

import grpc
import pytest
from google.protobuf import json_format
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from gradwire import v1 as pb
from gradwire_service.limits import LIMITS
from gradwire_service.ops.base import Op
from gradwire_service.optimizers import Schedule
from tests.server.calling import Caller
from tests.server.test_errors import CASES
from tests.serving import serving


def test_every_op_is_listed_with_signature_and_documentation(caller: Caller) -> None:
    listed = caller.ask("CatalogService/ListOps", pb.ListOpsRequest()).ops
    assert [op.name for op in listed] == sorted(name for name, op in Op.registry.items() if not op.internal)
    known = {op.name: op for op in listed}
    assert known["sum"].signature == "sum(x, *, axis=None, keepdims=False)"
    assert [attribute.kind for attribute in known["sum"].attributes] == [
        pb.ATTRIBUTE_KIND_INTEGERS,
        pb.ATTRIBUTE_KIND_BOOLEAN,
    ]
    assert known["sum"].family == "reductions"
    assert known["concatenate"].inputs[-1].variadic
    assert known["softmax"].composite
    assert known["exp"].differentiable
    assert not known["argmax"].differentiable
    assert all(op.summary and "Source:" in op.documentation for op in listed)


def test_pages_put_together_are_the_whole_list(caller: Caller) -> None:
    names, token = [], ""
    while True:
        page = caller.ask("CatalogService/ListOps", pb.ListOpsRequest(page_size=7, page_token=token))
        assert len(page.ops) <= 7
        names += [op.name for op in page.ops]
        token = page.next_page_token
        if not token:
            break
    assert names == [op.name for op in caller.ask("CatalogService/ListOps", pb.ListOpsRequest()).ops]


def test_backends_are_listed_even_if_they_do_not_load(troubled: Caller) -> None:
    listed = {x.name: x for x in troubled.ask("CatalogService/ListBackends", pb.ListBackendsRequest()).backends}
    assert list(listed) == sorted(listed)
    assert {"numpy", "numba", "finite_difference", "complex_step"} <= set(listed)
    assert [name for name, x in listed.items() if x.default_backend] == ["numpy"]
    assert not listed["absent"].available
    assert "abacus" in listed["absent"].unavailable_reason
    assert listed["numpy"].available
    assert pb.QUERY_KIND_GRADIENT in listed["numpy"].query_kinds


def test_optimizers_are_listed_with_schedules_on_the_first_page(caller: Caller) -> None:
    first = caller.ask("CatalogService/ListOptimizers", pb.ListOptimizersRequest(page_size=1))
    assert [schedule.name for schedule in first.schedules] == sorted(Schedule.registry)
    assert [schedule.name for schedule in first.schedules if schedule.has_parts] == ["joined", "warmup"]
    others = caller.ask("CatalogService/ListOptimizers", pb.ListOptimizersRequest(page_token=first.next_page_token))
    assert not others.schedules
    adam = next(x for x in [*first.optimizers, *others.optimizers] if x.name == "adam")
    assert adam.slots == ["m", "v", "v_max"]
    defaults = {x.name: x.default_value.real for x in adam.hyperparameters}
    assert defaults["beta2"] == 0.999


def test_the_server_tells_its_limits_and_what_it_serves(caller: Caller) -> None:
    info = caller.ask("CatalogService/GetServerInfo", pb.GetServerInfoRequest())
    assert info.api_versions == ["gradwire.v1"]
    assert info.limits["blocks"] == LIMITS.blocks
    assert info.library_versions["numpy"]
    assert abs(info.start_time.ToSeconds() - time.time()) < 600
    assert {f"gradwire.v1.{case.name}" for case in CASES} <= set(info.methods)


METHODS = [
    (f"{service}/{method.name}", method)
    for service in ("DifferentiationService", "OptimizationService", "TensorService", "CatalogService")
    for method in pb.EvaluateRequest.DESCRIPTOR.file.pool.FindServiceByName(f"gradwire.v1.{service}").methods
]


@pytest.mark.parametrize(("name", "method"), METHODS, ids=[name for name, _ in METHODS])
def test_every_method_of_the_contract_is_there(caller: Caller, name: str, method: Any) -> None:
    served = caller.ask("CatalogService/GetServerInfo", pb.GetServerInfoRequest()).methods
    try:
        caller.pour(name, [GetMessageClass(method.input_type)()])
    except grpc.RpcError as error:
        missing = error.code() is grpc.StatusCode.UNIMPLEMENTED
    else:
        missing = False
    assert f"gradwire.v1.{name}" in served
    assert not missing


def test_health_is_told_for_the_server_and_each_service(caller: Caller) -> None:
    health = health_pb2_grpc.HealthStub(caller.channel)
    for service in ("", "gradwire.v1.DifferentiationService"):
        check = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=5)
        assert check.status == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.RpcError) as caught:
        health.Check(health_pb2.HealthCheckRequest(service="nobody"), timeout=5)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    watch = health.Watch(health_pb2.HealthCheckRequest(service="nobody"), timeout=5)
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    watch.cancel()


def fetch(channel: grpc.Channel, symbol: str) -> DescriptorPool:
    """Ask a server for the descriptors behind a symbol, all that they need included."""
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    request = reflection_pb2.ServerReflectionRequest(file_containing_symbol=symbol)
    found: dict[str, FileDescriptorProto] = {}
    requests = [request]
    while requests:
        (answer,) = stub.ServerReflectionInfo(iter([requests.pop()]), timeout=10)
        for data in answer.file_descriptor_response.file_descriptor_proto:
            file = FileDescriptorProto.FromString(data)
            found[file.name] = file
            requests += [
                reflection_pb2.ServerReflectionRequest(file_by_filename=name)
                for name in file.dependency
                if name not in found
            ]
    pool = DescriptorPool()

    def add(name: str) -> None:
        if name in found:
            file = found.pop(name)
            for needed in file.dependency:
                add(needed)
            pool.Add(file)

    while found:
        add(next(iter(found)))
    return pool


BY_HAND = """{
  "graph": {"graph": {
    "name": "sigmoid",
    "variables": [
      {"name": "x", "dimensions": [{"size": 2}]},
      {"name": "w", "dimensions": [{"size": 2}]}
    ],
    "blocks": [
      {"id": "L", "op": "negative", "inputs": ["l"]},
      {"id": "u", "op": "matmul", "inputs": ["w", "x"]},
      {"id": "p", "op": "sigmoid", "inputs": ["u"]},
      {"id": "l", "op": "log", "inputs": ["p"]}
    ],
    "outputs": [{"name": "loss", "value": "L"}]
  }},
  "inputs": {
    "x": {"type": {"elementType": "ELEMENT_TYPE_FLOAT64", "shape": [2]}, "data": "AAAAAAAA8D8AAAAAAADwPw=="},
    "w": {"type": {"elementType": "ELEMENT_TYPE_FLOAT64", "shape": [2]}, "data": "AAAAAAAAAAAAAAAAAAAAAA=="}
  },
  "queries": [{"gradient": {"of": "loss", "wrt": ["u", "w"]}}]
}"""


def test_a_graph_written_by_hand_needs_nothing_but_grpc_and_reflection(caller: Caller) -> None:
    pool = fetch(caller.channel, "gradwire.v1.DifferentiationService")
    method = pool.FindServiceByName("gradwire.v1.DifferentiationService").methods_by_name["Evaluate"]
    request, response = GetMessageClass(method.input_type)(), GetMessageClass(method.output_type)
    json_format.Parse(BY_HAND, request)
    call = caller.channel.unary_unary(
        "/gradwire.v1.DifferentiationService/Evaluate",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=response.FromString,
    )
    answer = json_format.MessageToDict(call(request, timeout=10))
    gradients = answer["results"][0]["gradient"]["gradients"]
    assert gradients["u"]["data"] == "AAAAAAAA4L8="  # -0.5, as σ(0) - 1 is
    assert gradients["w"]["data"] == "AAAAAAAA4L8AAAAAAADgvw=="


def test_reflection_can_be_left_out() -> None:
    with serving("--no-reflection") as server, server.channel() as channel, pytest.raises(grpc.RpcError) as caught:
        fetch(channel, "gradwire.v1.DifferentiationService")
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
