# SPDX-License-Identifier: MIT
"""The types of netio in pydantic and FastAPI."""

import json

import pytest
from fastapi.encoders import jsonable_encoder
from pydantic import BaseModel, TypeAdapter, ValidationError, validate_call

import netio
from netio import Interface, Neighbor, NeighborState, PhysicalAddress

MAC = "02:00:5e:00:00:07"
ENTRIES = [
    Neighbor("192.0.2.7"),
    Neighbor("fe80::7%eth0", MAC, interface=Interface("eth0", 3, 4), state=NeighborState(77), is_router=True),
    Neighbor("2001:db8::7", bytes(32), interface=3, is_unreachable=True, reachability_time=2**32 - 1),
]


@pytest.mark.parametrize("entry", ENTRIES)
def test_pydantic_round_trip(entry: Neighbor) -> None:
    """Bug: pydantic has no schema for an entry, or its JSON is another one than that of to_dict()."""
    adapter = TypeAdapter(Neighbor)
    assert json.loads(adapter.dump_json(entry)) == entry.to_dict() == adapter.dump_python(entry)
    assert adapter.validate_json(adapter.dump_json(entry)).to_dict() == entry.to_dict()
    assert adapter.validate_python(entry) is entry


class Model(BaseModel):
    """A model as users of pydantic write it."""

    entry: Neighbor
    mac: PhysicalAddress


def test_pydantic_model() -> None:
    """Bug: a model with the types of netio cannot be declared, or accepts invalid values."""
    model = Model.model_validate({"entry": {"address": "192.0.2.7"}, "mac": "0200.5e00.0007"})
    assert model.entry == Neighbor("192.0.2.7")
    assert model.mac == MAC
    assert type(model.mac) is PhysicalAddress
    with pytest.raises(ValidationError, match="invalid physical address 'x'"):
        Model.model_validate({"entry": {"address": "192.0.2.7"}, "mac": "x"})
    with pytest.raises(ValidationError, match=r"invalid IP address '192\.0\.2\.300'"):
        Model.model_validate({"entry": {"address": "192.0.2.300"}, "mac": ""})
    assert Model.model_json_schema()["properties"]["mac"]["type"] == "string"
    assert set(Model.model_json_schema(mode="serialization")["properties"]) == {"entry", "mac"}


def test_validate_call() -> None:
    """Bug: pydantic cannot evaluate the annotations of a verb."""
    get = validate_call(netio.get_neighbor)
    with pytest.raises(netio.InvalidParameterError):
        get("192.0.2.300")
    with pytest.raises(ValidationError):
        get([])  # type: ignore[arg-type]


def test_fastapi_encoder() -> None:
    """Bug: the encoder of FastAPI prints a physical address as garbage, or raises UnicodeDecodeError."""
    encoded = jsonable_encoder(Neighbor("192.0.2.7", MAC, interface="eth0"))
    assert encoded["physical_address"] == MAC
    assert encoded["address"] == "192.0.2.7"
    json.dumps(encoded)
